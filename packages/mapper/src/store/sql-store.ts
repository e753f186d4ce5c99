import { randomUUID } from 'node:crypto';
import type { Clock, IntentEdge, Logger } from '@nm/core';
import { sql } from 'kysely';
import type { Backend } from './backend.ts';
import type { BatchOutcome, ReporterState, ResolvedWaiting, StoreBatch, WaitingObservation } from './batch.ts';
import { clusterId, registerCluster } from './cluster-registry.ts';
import { IntervalTable } from './intervals.ts';
import { deleteCluster, exclusively } from './maintain/deletions.ts';
import { Maintainer } from './maintain/maintainer.ts';
import type { MaintenanceOutcome } from './maintain/outcome.ts';
import type {
  ActivityPoint,
  ActivityQuery,
  ClusterSummary,
  EdgeChanges,
  EdgeFilter,
  EdgeOutline,
  EdgePage,
  EdgeQuery,
  NamespaceSummary,
  StoredEdge,
  StoreStatus,
  Window,
  WorkloadPage,
  WorkloadQuery,
} from './query.ts';
import { EdgeReader } from './read/edge-reader.ts';
import { ListReader } from './read/list-reader.ts';
import { OutlineIndex } from './read/outline-index.ts';
import { usedWindow } from './read/used-window.ts';
import { toReporter } from './read/reporter-row.ts';
import { migrate } from './schema/migrate.ts';
import { StoreError } from './store-error.ts';
import type { StoreOptions } from './store-options.ts';
import type { AddressInterval, Store, StoreStats } from './store.ts';
import { toStoreError } from './to-store-error.ts';
import { WaitingRoom } from './waiting.ts';
import { BatchWriter } from './write/batch-writer.ts';
import type { WriteOutcome } from './write/batch-writer.ts';
import { NewActivity } from './write/new-activity.ts';
import { validateBatch, validateUpdate } from './write/validate.ts';
import { ChangeNumbers } from './write/change-numbers.ts';
import { WriteQueue } from './write/write-queue.ts';

/** Filters that match more edges than this get the time bar of all edges' sums refused: it would take seconds. */
const MAX_ACTIVITY_EDGES = 20_000;
const LEASE_MS = 5 * 60_000;

/** The store on any backend: what is asked goes to the part that does it. */
export class SqlStore implements Store {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: StoreOptions;
  readonly #backend: Backend;
  readonly #owner = randomUUID();
  /** Of a single writer. */
  readonly #newActivity: NewActivity | undefined;
  readonly #writer: BatchWriter;
  readonly #queue: WriteQueue;
  readonly #numbers: ChangeNumbers;
  readonly #edges: EdgeReader;
  readonly #lists: ListReader;
  readonly #outlines: OutlineIndex;
  readonly #maintainer: Maintainer;
  readonly #waiting: WaitingRoom;
  readonly #intervals: IntervalTable;
  readonly #retries: { count: number };

  constructor(deps: { clock: Clock; log: Logger; backend: Backend; retries: { count: number } }, options: StoreOptions) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#backend = deps.backend;
    this.#retries = deps.retries;
    this.#options = options;
    this.#maintainer = new Maintainer(deps.backend, { clock: deps.clock }, options);
    this.#newActivity = deps.backend.singleWriter
      ? new NewActivity(deps.backend, (error) => this.#warnOfBooking(error), options)
      : undefined;
    this.#writer = new BatchWriter(deps.backend, { clock: deps.clock, newActivity: this.#newActivity }, options);
    this.#numbers = new ChangeNumbers(deps.backend, this.#writer, { log: deps.log }, options);
    this.#queue = new WriteQueue(
      {
        write: async (requests) => {
          const outcomes = await this.#writer.write(requests);
          this.#numbers.schedule();
          await this.#keepBound();
          return outcomes;
        },
      },
      options,
    );
    const newActivity = this.#newActivity;
    this.#edges = new EdgeReader(deps.backend, options, newActivity && ((read) => newActivity.readBeside(read)));
    this.#lists = new ListReader(deps.backend);
    this.#outlines = new OutlineIndex(deps.backend, () => deps.clock.now());
    this.#waiting = new WaitingRoom(deps.backend, deps.clock);
    this.#intervals = new IntervalTable(deps.backend);
  }

  async start(): Promise<void> {
    await this.#guard(async () => {
      await migrate(this.#backend);
      await this.#waiting.recount();
      this.#writer.edges = (await this.#lists.counts()).edges;
    });
    this.#log.info('store open', { location: this.#backend.location });
  }

  async stop(): Promise<void> {
    try {
      await this.#queue.close();
      await this.#newActivity?.book();
      await this.#numbers.stop();
    } catch (error) {
      // Only the announcement of changed counts is lost: the database is away.
      this.#log.warn('changes of counts are not announced', { error: String(error) });
    } finally {
      await this.#backend.close();
    }
  }

  async applyBatch(batch: StoreBatch): Promise<BatchOutcome> {
    validateBatch(batch);
    const waiting = batch.parts.reduce((sum, part) => sum + (part.waiting?.length ?? 0), 0);
    if (waiting > 0 && this.#waiting.count + waiting > this.#options.maxWaiting) {
      this.#queue.busy += 1;
      throw new StoreError('store_busy', `${this.#waiting.count} observations wait to be resolved: send again later`);
    }
    const outcome = await this.#guard(() => this.#queue.push({ batch }));
    this.#waiting.count += outcome.newWaiting;
    return toBatchOutcome(outcome);
  }

  async reporter(instance: string): Promise<ReporterState | undefined> {
    const row = await this.#guard(() =>
      this.#backend.db.selectFrom('reporter').selectAll().where('instance', '=', instance).executeTakeFirst(),
    );
    return row === undefined ? undefined : toReporter(row);
  }

  async reporters(cluster: string): Promise<readonly ReporterState[]> {
    const rows = await this.#guard(() =>
      this.#backend.db.selectFrom('reporter').selectAll().where('cluster', '=', cluster).orderBy('instance').execute(),
    );
    return rows.map(toReporter);
  }

  takeWaiting(query: { cluster: string; limit: number; leaseMs: number }): Promise<readonly WaitingObservation[]> {
    return this.#guard(() => this.#waiting.take(query));
  }

  async resolveWaiting(resolved: readonly ResolvedWaiting[]): Promise<{ readonly resolved: number }> {
    for (const { updates } of resolved) for (const update of updates) validateUpdate(update);
    if (resolved.length === 0) return { resolved: 0 };
    const outcome = await this.#guard(() => this.#queue.push({ resolved }));
    this.#waiting.count -= outcome.resolved;
    return { resolved: outcome.resolved };
  }

  postponeWaiting(ids: readonly number[], notBefore: number): Promise<void> {
    return this.#guard(() => this.#waiting.postpone(ids, notBefore));
  }

  edges(query: EdgeQuery): Promise<EdgePage> {
    const window = this.#usedWindow(query.window);
    return this.#read(window, () => this.#edges.page(query, window));
  }

  countEdges(query: { filter?: EdgeFilter; window?: Window }): Promise<number> {
    const window = this.#usedWindow(query.window);
    return this.#read(window, () => this.#edges.count(query.filter ?? {}, window));
  }

  exportEdges(query: {
    filter?: EdgeFilter;
    window?: Window;
    counts?: boolean;
    labels?: boolean;
    signal?: AbortSignal;
  }): AsyncIterable<readonly StoredEdge[]> {
    const window = this.#usedWindow(query.window);
    return this.#readAll(window, () =>
      this.#edges.export(query.filter ?? {}, window, {
        counts: query.counts ?? true,
        labels: query.labels ?? true,
        ...(query.signal !== undefined && { signal: query.signal }),
      }),
    );
  }

  exportForIntents(query: { filter?: EdgeFilter; labels?: boolean; signal?: AbortSignal }): AsyncIterable<readonly IntentEdge[]> {
    return this.#edges.exportForIntents(query.filter ?? {}, {
      labels: query.labels ?? true,
      ...(query.signal !== undefined && { signal: query.signal }),
    });
  }

  outlineEdges(query: { filter?: EdgeFilter; window?: Window; signal?: AbortSignal }): {
    readonly window: Window;
    readonly chunks: AsyncIterable<readonly EdgeOutline[]>;
  } {
    const window = this.#usedWindow(query.window);
    return { window, chunks: this.#readAll(window, () => this.#outlines.read(query.filter ?? {}, window, query.signal)) };
  }

  async changes(query: { since: number; filter?: EdgeFilter; window?: Window; limit: number }): Promise<EdgeChanges> {
    const window = this.#usedWindow(query.window);
    const { edges, last, more } = await this.#read(window, () =>
      this.#edges.changedAfter(query.since, query.limit, query.filter ?? {}, window),
    );
    const { value } = await this.#backend.db.selectFrom('state').select('value').where('name', '=', 'epoch').executeTakeFirstOrThrow();
    return { edges, version: last, more, deletions: value };
  }

  workloads(query: WorkloadQuery): Promise<WorkloadPage> {
    const window = this.#usedWindow(query.window);
    return this.#read(window, () => this.#lists.workloads(query, window));
  }

  namespaces(clusters?: readonly string[]): Promise<readonly NamespaceSummary[]> {
    return this.#guard(() => this.#lists.namespaces(clusters));
  }

  clusters(): Promise<readonly ClusterSummary[]> {
    return this.#guard(() => this.#lists.clusters());
  }

  async activity(query: ActivityQuery): Promise<readonly ActivityPoint[]> {
    const window = this.#usedWindow(query.window);
    const filter = query.filter ?? {};
    return this.#guard(async () => {
      if (Object.keys(filter).length === 0) return this.#lists.traffic(window, query.widthMs);
      await this.#book();
      const ids = await this.#edges.idsUpTo(filter, window, MAX_ACTIVITY_EDGES);
      return ids === undefined ? this.#lists.traffic(window, query.widthMs) : this.#lists.activityOf(ids, window, query.widthMs);
    });
  }

  async status(): Promise<StoreStatus> {
    const counts = await this.#guard(() => this.#lists.counts());
    return { backend: this.#backend.kind, location: this.#backend.location, sizeBytes: await this.#backend.sizeBytes(), ...counts };
  }

  registerCluster(cluster: { readonly uid?: string; readonly name: string }): Promise<void> {
    return this.#guard(() => registerCluster(this.#backend, cluster));
  }

  async saveNamespaces(
    namespaces: readonly { readonly cluster: string; readonly namespace: string; readonly environment?: string }[],
  ): Promise<void> {
    await this.#guard(async () => {
      const ids = new Map<string, number>();
      for (const { cluster } of namespaces) if (!ids.has(cluster)) ids.set(cluster, await clusterId(this.#backend, cluster));
      await this.#backend.transaction(async ({ db }) => {
        for (const { cluster, namespace: name, environment } of namespaces) {
          const id = ids.get(cluster) ?? 0;
          if (environment === undefined) await db.deleteFrom('namespace').where('cluster_id', '=', id).where('name', '=', name).execute();
          else
            await db
              .insertInto('namespace')
              .values({ cluster_id: id, name, environment })
              .onConflict((conflict) => conflict.columns(['cluster_id', 'name']).doUpdateSet({ environment }))
              .execute();
        }
      });
    });
  }

  saveIntervals(cluster: string, intervals: readonly AddressInterval[]): Promise<void> {
    return this.#guard(() => this.#intervals.save(cluster, intervals));
  }

  loadIntervals(cluster: string, since: number): AsyncIterable<readonly AddressInterval[]> {
    return this.#intervals.load(cluster, since);
  }

  async reset(reset: { readonly cluster: string; readonly at: number }): Promise<{ readonly edges: number }> {
    return this.#guard(async () => {
      await this.#book();
      const id = await clusterId(this.#backend, reset.cluster);
      const edges = await exclusively(this.#backend, true, async (tx) => {
        await sql`update cluster set reset_at = ${Math.round(reset.at)}
          where id = ${id} and (reset_at is null or reset_at < ${Math.round(reset.at)})`.execute(tx.db);
        return deleteCluster(tx, id);
      });
      await this.#waiting.recount();
      this.#writer.edges = Math.max(0, this.#writer.edges - edges);
      return { edges };
    });
  }

  async resetAt(cluster: string): Promise<number | undefined> {
    const row = await this.#guard(() =>
      this.#backend.db.selectFrom('cluster').select('reset_at').where('name', '=', cluster).executeTakeFirst(),
    );
    return row?.reset_at ?? undefined;
  }

  async maintain(signal?: AbortSignal): Promise<MaintenanceOutcome> {
    return this.#guard(async () => {
      await this.#waiting.recount();
      this.#outlines.forgetUnused();
      this.#writer.edges = (await this.#lists.counts()).edges;
      // In slices: what is left then is little.
      await this.#book();
      if (!(await this.lease('maintenance', LEASE_MS))) {
        return {
          ran: false,
          compactedBuckets: 0,
          expiredBuckets: 0,
          expiredEdges: 0,
          dropped: { internetEdges: 0, otherEdges: 0 },
          expiredIntervals: 0,
        };
      }
      try {
        return await this.#maintainer.run(signal);
      } finally {
        await this.release('maintenance');
      }
    });
  }

  async lease(job: string, leaseMs: number): Promise<boolean> {
    const now = Math.round(this.#clock.now());
    const { rows } = await sql`insert into job (name, owner, until_at) values (${job}, ${this.#owner}, ${now + Math.round(leaseMs)})
      on conflict (name) do update set owner = excluded.owner, until_at = excluded.until_at
      where job.until_at <= ${now} or job.owner = excluded.owner returning name`.execute(this.#backend.db);
    return rows.length > 0;
  }

  async release(job: string): Promise<void> {
    await this.#backend.db.deleteFrom('job').where('name', '=', job).where('owner', '=', this.#owner).execute();
  }

  backup(path: string): Promise<void> {
    return this.#backend.backup(path);
  }

  waiting(): number {
    return this.#waiting.count;
  }

  queuedUpdates(): number {
    return this.#queue.queuedUpdates;
  }

  stats(): StoreStats {
    const longestTransactionMs = this.#queue.longestTransactionMs;
    this.#queue.longestTransactionMs = 0;
    return {
      queuedBatches: this.#queue.length,
      queuedUpdates: this.#queue.queuedUpdates,
      waiting: this.#waiting.count,
      cachedEdges: this.#writer.cache.edges.size,
      cachedPeers: this.#writer.cache.peers.size,
      storedBatches: this.#queue.storedBatches,
      storedUpdates: this.#queue.storedUpdates,
      transactions: this.#queue.transactions,
      retriedTransactions: this.#retries.count,
      busy: this.#queue.busy,
      droppedEdges: this.#maintainer.droppedEdges,
      droppedDetails: this.#writer.droppedDetails,
      longestTransactionMs,
    };
  }

  /** Between two rounds of maintenance the number of edges may not run away. */
  async #keepBound(): Promise<void> {
    if (this.#writer.edges <= this.#options.maxEdges) return;
    await this.#maintainer.enforceBound();
    this.#writer.edges = (await this.#lists.counts()).edges;
  }

  #usedWindow(window: Window | undefined): Window {
    return usedWindow(window ?? {}, this.#clock.now(), this.#options);
  }

  /** A read in whose answer counts are, or decide. */
  #read<T>(window: Window, run: () => Promise<T>): Promise<T> {
    return this.#guard(async () => {
      await this.#prepareRead(window);
      return run();
    });
  }

  async *#readAll<T>(window: Window, rows: () => AsyncIterable<T>): AsyncGenerator<T, void> {
    await this.#prepareRead(window);
    yield* rows();
  }

  /** Which edges a window that has an end shows, `activity` decides (windowCondition); else what waits is read beside it. */
  async #prepareRead({ until }: Window): Promise<void> {
    if (until !== undefined) await this.#book();
    else await this.#newActivity?.adopt().catch((error: unknown) => this.#warnOfBooking(error));
  }

  /** Where a full disk keeps counts from being booked, the rest can still be read. */
  async #book(): Promise<void> {
    await this.#newActivity?.book().catch((error: unknown) => this.#warnOfBooking(error));
  }

  #warnOfBooking(error: unknown): void {
    this.#log.warn('the latest counts are not booked yet', { error: String(error) });
  }

  async #guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw toStoreError(error, this.#backend.location);
    }
  }
}

function toBatchOutcome({ repeat, repeatedParts, stored, beforeReset }: WriteOutcome): BatchOutcome {
  return { repeat, repeatedParts, stored, beforeReset };
}
