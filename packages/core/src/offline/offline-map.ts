import type { ClusterView } from '../cluster/cluster-view.ts';
import { createEdgeBook } from '../edges/edge-book.ts';
import type { Edge } from '../model/edge.ts';
import type { Observation } from '../model/observation.ts';
import type { DecodeDnsAnswer } from '../observe/dns-port.ts';
import { createObserver } from '../observe/observer.ts';
import type { ObserverOptions } from '../observe/observer.ts';
import type { PacketView } from '../observe/packet-view.ts';
import type { ObserverCounts } from '../observe/sink.ts';
import { dnsObservation, tcpObservation } from '../observe/to-observation.ts';
import type { DropReason } from '../resolve/resolution.ts';
import { createFlowCompletion } from './flow-completion.ts';
import { createResolver } from '../resolve/resolver.ts';

/** Captures of several nodes are merged: the view is that of whoever called. */
const SEEN = { vantage: 'client' } as const;

/**
 * Capture time between two drains: what is counted together is resolved together, so this is how exactly the change of
 * an address's owner is told. Object times have a resolution of a second.
 */
const DRAIN_EVERY_MS = 250;
/** Rule 1 and the skew of captures, twice: copies of a completed lookup come no later, nor do those of an attempt. */
const KEEP_MS = 14_000;
/** Distinct unresolved addresses that the summary names. */
const MAX_UNKNOWN = 10_000;

export interface OfflineMapDeps {
  readonly view: ClusterView;
  readonly decodeDnsAnswer: DecodeDnsAnswer;
}

export interface OfflineMapOptions {
  /** Only what was seen in [since, until), milliseconds. */
  readonly since?: number;
  readonly until?: number;
  readonly observer?: ObserverOptions;
}

/** What a finished map says besides its edges. */
export interface OfflineMapSummary {
  readonly packets: Readonly<ObserverCounts>;
  readonly observations: number;
  readonly dropped: Readonly<Partial<Record<DropReason | 'outside-window', number>>>;
  /** Addresses that nobody owned, with the reason and how often. */
  readonly unknown: readonly { readonly address: string; readonly reason: string; readonly count: number }[];
  /** Capture time of the first and last observation, ms; absent when there was none. */
  readonly firstSeenAt?: number;
  readonly lastSeenAt?: number;
  /** Names that became a wildcard (rule 16). */
  readonly collapsedNames: number;
}

/** A map from packets and observations of the past, in memory that does not grow with their number. */
export interface OfflineMap {
  dns(view: PacketView): void;
  tcpSyn(view: PacketView): void;
  add(observation: Observation): void;
  /** The edges in the map's order, each made when it is asked for. */
  finish(options?: { readonly unknown?: boolean }): { readonly edges: Iterable<Edge>; readonly summary: OfflineMapSummary };
}

export function createOfflineMap(deps: OfflineMapDeps, options: OfflineMapOptions = {}): OfflineMap {
  const { view } = deps;
  const resolver = createResolver({ view });
  const book = createEdgeBook();
  const dropped: Partial<Record<DropReason | 'outside-window', number>> = {};
  const unknown = new Map<string, { address: string; reason: string; count: number }>();
  let observations = 0;
  let firstSeenAt = Number.POSITIVE_INFINITY;
  let lastSeenAt = Number.NEGATIVE_INFINITY;
  let nextDrainAt = Number.NEGATIVE_INFINITY;

  const add = (observation: Observation): void => {
    observations += 1;
    if (observation.lastSeenAt < (options.since ?? -Infinity) || observation.firstSeenAt >= (options.until ?? Infinity)) {
      dropped['outside-window'] = (dropped['outside-window'] ?? 0) + observation.count;
      return;
    }
    firstSeenAt = Math.min(firstSeenAt, observation.firstSeenAt);
    lastSeenAt = Math.max(lastSeenAt, observation.lastSeenAt);
    const resolution = resolver.resolveInto(observation, Number.POSITIVE_INFINITY, book);
    if (resolution.dropped !== undefined) dropped[resolution.dropped] = (dropped[resolution.dropped] ?? 0) + observation.count;
    for (const { address, reason } of resolution.unknown ?? []) {
      const key = `${reason} ${address}`;
      const known = unknown.get(key);
      if (known !== undefined) known.count += observation.count;
      else if (unknown.size < MAX_UNKNOWN) unknown.set(key, { address, reason, count: observation.count });
    }
  };

  const completed = createFlowCompletion(view, (client, address, at) => observer.nameFor(client, address, at));
  const observer = createObserver(
    {
      decodeDnsAnswer: deps.decodeDnsAnswer,
      sink: {
        dns: (client, answer, count, first, last, memo) => add(dnsObservation(client, answer, count, first, last, SEEN, memo)),
        tcp: (flow, count, first, last) => add(tcpObservation(completed(flow, last), count, first, last, SEEN)),
      },
    },
    { keepMs: KEEP_MS, ...options.observer, memos: true },
  );
  observer.setNodeAddresses(view.nodes.addresses());

  const tick = (at: number): void => {
    if (at < nextDrainAt) return;
    observer.drain(at);
    nextDrainAt = at + DRAIN_EVERY_MS;
  };

  return {
    dns(packet) {
      tick(packet.at);
      observer.dns(packet);
    },
    tcpSyn(packet) {
      tick(packet.at);
      observer.tcpSyn(packet);
    },
    add,
    finish(finishOptions = {}) {
      observer.finish();
      const edges = book.sorted(finishOptions);
      const summary: OfflineMapSummary = {
        packets: { ...observer.counts },
        observations,
        dropped,
        unknown: [...unknown.values()].sort((a, b) => b.count - a.count),
        ...(Number.isFinite(firstSeenAt) ? { firstSeenAt, lastSeenAt } : {}),
        collapsedNames: book.collapsedNames,
      };
      return { edges, summary };
    },
  };
}
