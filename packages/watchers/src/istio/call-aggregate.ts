import type { Observation } from '@nm/core';
import { ownText } from '../own-text.ts';
import type { MeshCall, MeshWorkload } from './mesh-edges.ts';
import type { PathLimiter } from './path-template.ts';

export interface CallAggregate {
  readonly size: number;
  /** Adds a call seen by a proxy of `node`; `seenBefore` when it happened at an unknown time before we looked, but after that instant. */
  add(call: MeshCall, node: string | undefined, seenBefore: number | undefined): void;
  /** Everything since the last call, seen at `at` (milliseconds since the epoch); empties the aggregate. */
  drain(at: number): Observation[];
}

type SeenCall = Omit<Observation, 'count' | 'firstSeenAt' | 'lastSeenAt'>;

interface Sum {
  readonly seen: SeenCall;
  readonly seenBefore: number | undefined;
  count: number;
}

/** Adds up counters that differ only in what the map does not keep (response codes, revisions, principals). */
export function createCallAggregate(paths: PathLimiter): CallAggregate {
  const sums = new Map<string, Sum>();
  return {
    get size(): number {
      return sums.size;
    },
    add(call, node, seenBefore): void {
      // What the mesh refused was no call; what has no end at all is nobody's.
      if (call.peers === 'blackHole' || call.peers === 'unknown') return;
      const source = nameOf(call.source);
      const destination = isByHost(call) ? (hostOf(call) ?? '') : nameOf(call.destination);
      const pair = `${source}|${destination}`;
      const path = call.path === undefined ? undefined : paths.limit(pair, call.path);
      const key = `${vantageOf(call)}|${node ?? ''}|${pair}|${call.method ?? ''}|${seenBefore ?? ''}|${path ?? ''}`;
      const known = sums.get(key);
      if (known === undefined) sums.set(key, { seen: toSeenCall(call, node, path), seenBefore, count: call.count });
      else known.count += call.count;
    },
    drain(at): Observation[] {
      const observations = Array.from(sums.values(), (sum) => toObservation(sum, at));
      sums.clear();
      return observations;
    },
  };
}

/** Whether the server is known by nothing but the host asked for. */
function isByHost(call: MeshCall): boolean {
  return (call.peers === 'passthrough' || call.peers === 'service') && hostOf(call) !== undefined;
}

function nameOf({ namespace, name, canonicalName }: MeshWorkload): string {
  return `${namespace ?? ''}/${name ?? canonicalName ?? ''}`;
}

/** The host asked for without its port; undefined where Istio wrote a word of its own. */
function hostOf({ destinationService }: MeshCall): string | undefined {
  if (destinationService === undefined || /^(?:Inbound)?PassthroughCluster|^BlackHoleCluster$/.test(destinationService)) return undefined;
  const host = destinationService.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  return /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?$/.test(host) ? host : undefined;
}

/** A waypoint stands on the server's side. */
function vantageOf(call: MeshCall): Observation['vantage'] {
  return call.reporter === 'source' ? 'client' : 'server';
}

function toObservation({ seen, seenBefore, count }: Sum, at: number): Observation {
  return {
    ...seen,
    count: seenBefore === undefined ? toCount(count) : 0,
    firstSeenAt: seenBefore ?? at,
    lastSeenAt: seenBefore ?? at,
    ...(seenBefore === undefined ? {} : { approximate: true }),
  };
}

/** Largest count that a report may hold. */
const MAX_COUNT = 1_000_000_000;

/** A whole number that the mapper takes, whatever a proxy claims: else the honest part of the sum were lost with it. */
function toCount(count: number): number {
  return Math.min(Math.max(1, Math.round(count)), MAX_COUNT);
}

/** What is kept of a call: none of its texts is a piece of the line, which may have 128 KiB. */
function toSeenCall(call: MeshCall, node: string | undefined, path: string | undefined): SeenCall {
  const host = hostOf(call);
  const methods = call.method === undefined ? [] : [ownText(call.method)];
  return {
    kind: 'http',
    vantage: vantageOf(call),
    ...(node === undefined ? {} : { node }),
    source: { workload: refOf(call.source) },
    destination: {
      protocol: 'TCP',
      ...(isByHost(call) ? {} : { workload: refOf(call.destination) }),
      ...(host === undefined ? {} : { name: ownText(host) }),
    },
    ...(path === undefined || path === '' ? {} : { http: { path: ownText(path), methods } }),
  };
}

/** Istio's own word for an end that a proxy could not tell; the mapper makes a peer of the class unknown of it. */
const UNKNOWN = 'unknown';

function refOf({ namespace, name, canonicalName }: MeshWorkload): { readonly namespace: string; readonly name: string } {
  return {
    namespace: ownText(namespace ?? UNKNOWN),
    name: ownText((namespace === undefined ? undefined : (name ?? canonicalName)) ?? UNKNOWN),
  };
}
