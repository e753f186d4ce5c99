import { AppError, toEdgeUpdate } from '@nm/core';
import type { Clock, ClusterView, DomainLimiter, EdgeSink, EdgeUpdate, Observation, Resolver } from '@nm/core';
import { decodeReport, REPORT_LIMITS } from '@nm/api';
import type { ReportAnswer, ReportLimits } from '@nm/api';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { BatchPart, NewWaiting, ReporterState } from '../store/batch.ts';
import type { Store } from '../store/store.ts';
import { createEarlierNames } from './earlier-names.ts';
import { tallyOf } from './ingest-totals.ts';
import type { IngestTotals, Tally } from './ingest-totals.ts';
import { reporterKey } from './reporter-book.ts';
import type { ReporterBook, ReporterEntry } from './reporter-book.ts';

export const INGEST_ERRORS = {
  REPORT_BUSY: 'More reports are in work than the mapper may hold. HTTP 503 with Retry-After; send the same batch again.',
  REPORT_INVALID: 'The batch as a whole cannot be understood. Sending it again will not help; the message says what is wrong.',
} as const;

export type IngestErrorCode = keyof typeof INGEST_ERRORS;

export class IngestError extends AppError<IngestErrorCode> {}

/** One item of a compatible report. */
export interface CompatibleItem {
  readonly observation: Observation;
  /** What makes it a repeat within the last hour; absent where the report has no time. */
  readonly repeatKey?: string;
}

/** What is proven of who sent a batch. */
export interface ReportSender {
  /** Throws when it may not report for that node. */
  readonly mayReport: (node: string | undefined) => void;
  /** A sniffer sees packets, a watcher names; a token is of no use for anything else. Anything where it is undefined. */
  readonly sees: ReportLimits['sees'];
}

/** Observation to edge to store: the only way into the map. Both methods resolve when everything is stored. */
export interface Ingest {
  /** A batch of our own reporters. `sender.mayReport` is asked before anything of it is used. Throws IngestError. */
  report(batch: unknown, sender: ReportSender): Promise<ReportAnswer>;
  /** Items of a compatible report. Throws IngestError REPORT_BUSY. */
  storeCompatible(items: readonly CompatibleItem[]): Promise<void>;
}

export interface IngestDeps {
  readonly store: Store;
  readonly view: ClusterView;
  readonly resolver: Resolver;
  readonly limiter: DomainLimiter;
  readonly reporters: ReporterBook;
  readonly metrics: MapperMetrics;
  readonly totals: IngestTotals;
  readonly clock: Clock;
}

export interface IngestOptions {
  readonly cluster: string;
  readonly reportIntervalMs: number;
  /** Updates that may wait to be stored; beyond it reports are told to come back. What waits is what makes answers slow. */
  readonly maxQueuedUpdates: number;
  readonly limits?: ReportLimits;
}

/** What resolution made of some observations. */
interface Resolved {
  readonly updates: EdgeUpdate[];
  readonly waiting: NewWaiting[];
}

interface ReadReport {
  readonly state: ReporterState;
  readonly resolved: Resolved;
  readonly entry: ReporterEntry | undefined;
  readonly rejected: ReportAnswer['rejected'];
  readonly size: number;
  readonly tally: Tally;
}

const BUSY = 'the mapper is busy storing reports; send this one again';

export function createIngest(deps: IngestDeps, options: IngestOptions): Ingest {
  const { store, view, reporters, metrics, totals, clock } = deps;
  const limits = options.limits ?? REPORT_LIMITS;
  const names = createEarlierNames({ store, clock });

  /** Where the sink puts updates: of the batch at hand. */
  let updates: EdgeUpdate[] = [];
  const sink: EdgeSink = {
    add: (observation, source, target, edgeClass, shared) =>
      void updates.push(toEdgeUpdate(observation, source, deps.limiter.serverOf(source.peer, target.peer), target, edgeClass, shared)),
    apply: (update) => void updates.push(deps.limiter.limit(update)),
  };

  /** Adds what one observation means to `into`. */
  function resolveInto(observation: Observation, now: number, into: Resolved): void {
    updates = into.updates;
    const outcome = deps.resolver.resolveInto(observation, now, sink);
    totals.resolved(outcome);
    if (outcome.waitFor !== undefined) into.waiting.push({ cluster: options.cluster, observation, receivedAt: now });
  }

  /** Asked before anything is decoded: a refusal must cost little, or refusing would keep the mapper busy. */
  function admit(): void {
    if (store.queuedUpdates() >= options.maxQueuedUpdates) throw new IngestError('REPORT_BUSY', BUSY);
  }

  async function apply(batch: Parameters<Store['applyBatch']>[0]): ReturnType<Store['applyBatch']> {
    try {
      const outcome = await store.applyBatch(batch);
      metrics.beforeReset.inc(outcome.beforeReset);
      return outcome;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'store_busy') throw error;
      throw new IngestError('REPORT_BUSY', BUSY, { cause: error });
    }
  }

  /**
   * What a batch means, to be stored. By itself, because what a report waits for must not hold its observations: several
   * times what is stored of them, in a heap that is collected the more often the more it holds.
   */
  function readReport(value: unknown, { mayReport, sees }: ReportSender, receivedAt: number): ReadReport {
    let correctionMs = 0;
    let entry: ReporterEntry | undefined;
    const decoded = decodeReport(value, { ...limits, ...(sees !== undefined && { sees }) }, (reporter, sentAt) => {
      mayReport(reporter.node);
      const heard = reporters.heard(reporter, sentAt, receivedAt);
      ({ entry, correctionMs } = heard);
      return sentAt - heard.correctionMs;
    });
    if (!decoded.ok) {
      metrics.batches.inc({ result: 'invalid' });
      throw new IngestError('REPORT_INVALID', `the report is refused: ${decoded.message}`);
    }
    const { reporter, observations, rejected } = decoded;
    if (reporter.node !== undefined) {
      metrics.clockOffset.set({ node: reporter.node }, correctionMs / 1_000);
      if (reporter.addresses !== undefined) view.nodes.applyReported(reporter.node, reporter.addresses);
      if (reporter.listeners !== undefined) view.nodes.applyListeners(reporter.node, reporter.listeners);
    }
    const resolved: Resolved = { updates: [], waiting: [] };
    for (const observation of observations) resolveInto(observation, receivedAt, resolved);
    const state: ReporterState = {
      instance: reporterKey(reporter),
      sequence: decoded.sequence,
      kind: reporter.kind,
      cluster: options.cluster,
      ...(reporter.node !== undefined && { node: reporter.node }),
      version: reporter.version,
      seenAt: receivedAt,
      extra: entry === undefined ? '{}' : reporters.extraOf(entry, reporter),
    };
    return { state, resolved, entry, rejected, size: observations.length, tally: tallyOf(observations) };
  }

  return {
    async report(value, sender) {
      const receivedAt = clock.now();
      try {
        admit();
      } catch (error) {
        metrics.batches.inc({ result: 'busy' });
        throw error;
      }
      const { state, resolved, entry, rejected, size, tally } = readReport(value, sender, receivedAt);
      const outcome = await apply({
        reporter: state,
        parts: [{ ...resolved, updates: await names.complete(resolved.updates) }],
      }).catch((error: unknown) => {
        metrics.batches.inc({ result: error instanceof IngestError ? 'busy' : 'failed' });
        throw error;
      });

      metrics.batches.inc({ result: outcome.repeat ? 'repeat' : 'stored' });
      metrics.reportSeconds.observe((clock.now() - receivedAt) / 1_000);
      if (outcome.repeat) metrics.repeats.inc(size);
      else {
        totals.accepted(tally);
        for (const { code } of rejected) metrics.rejected.inc({ reason: code });
        if (entry !== undefined) {
          entry.batches++;
          entry.observations += size;
          entry.rejected += rejected.length;
        }
      }
      return {
        stored: size,
        rejected,
        retryAfterMs: 0,
        settings: { dnsPorts: view.services.dnsTargetPorts(), reportIntervalMs: options.reportIntervalMs },
      };
    },

    async storeCompatible(items) {
      if (items.length === 0) return;
      admit();
      const now = clock.now();
      const parts: BatchPart[] = items.map(({ observation, repeatKey }) => {
        const resolved: Resolved = { updates: [], waiting: [] };
        resolveInto(observation, now, resolved);
        return { ...resolved, ...(repeatKey !== undefined && { repeatKey }) };
      });
      const outcome = await apply({ parts });
      metrics.repeats.inc(outcome.repeatedParts.length);
      totals.accepted(tallyOf(items.map((item) => item.observation)));
    },
  };
}
