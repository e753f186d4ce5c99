import { hash } from 'node:crypto';
import type { Clock } from '@nm/core';
import type { Backend, Value, WriteTransaction } from '../backend.ts';
import type { BatchOutcome, BatchPart, NewWaiting, ReporterState, ResolvedWaiting, StoreBatch } from '../batch.ts';
import type { StoreOptions } from '../store-options.ts';
import { BatchPlan } from './batch-plan.ts';
import { IdentityCache } from './identity-cache.ts';
import type { EdgeEntry } from './identity-cache.ts';
import type { LoggedCounts, NewActivity } from './new-activity.ts';
import { PlanCounts } from './plan-counts.ts';
import { cutDetails, writePlan } from './plan-writer.ts';
import { REPEAT_KEY_INSERT, WAITING_INSERT } from './statements.ts';

/** One thing to store in a transaction: a batch, or the end of observations that waited. */
export type WriteRequest = { readonly batch: StoreBatch } | { readonly resolved: readonly ResolvedWaiting[] };

export interface WriteOutcome extends BatchOutcome {
  readonly resolved: number;
  readonly newWaiting: number;
}

type BatchWriterOptions = Pick<StoreOptions, 'maxCachedEdges' | 'maxCachedPeers' | 'maxAddressesPerEdge' | 'maxDetailsPerEdge'>;

const CACHED_DETAILS = 50_000;

/** Stores requests, several in one transaction. One transaction runs at a time: the identity cache is its own. */
export class BatchWriter {
  readonly cache: IdentityCache;
  droppedDetails = 0;
  /** About so many edges are stored; the owner sets it from time to time. */
  edges = 0;
  /** Edges whose counts or evidence changed and whose version does not say so yet. */
  readonly unnumbered = new Set<EdgeEntry>();
  readonly #backend: Backend;
  readonly #newActivity: NewActivity | undefined;
  readonly #clock: Clock;
  readonly #options: BatchWriterOptions;
  readonly #counts = new PlanCounts();
  #serial = 0;
  #epoch = 0;
  /** A transaction did not commit: what it put into the cache may not exist. */
  #isTainted = false;

  constructor(
    backend: Backend,
    deps: { readonly clock: Clock; readonly newActivity: NewActivity | undefined },
    options: BatchWriterOptions,
  ) {
    this.#backend = backend;
    this.#newActivity = deps.newActivity;
    this.#clock = deps.clock;
    this.#options = options;
    this.cache = new IdentityCache({ maxPeers: options.maxCachedPeers, maxEdges: options.maxCachedEdges, maxDetails: CACHED_DETAILS });
  }

  async write(requests: readonly WriteRequest[]): Promise<WriteOutcome[]> {
    await this.#newActivity?.makeRoom();
    let committed: LoggedCounts | undefined;
    try {
      const { outcomes, logged } = await this.#backend.transaction((tx) => this.#writeAll(tx, requests));
      this.#isTainted = false;
      committed = logged;
      return outcomes;
    } finally {
      this.#newActivity?.settle(committed);
    }
  }

  async #writeAll(
    tx: WriteTransaction,
    requests: readonly WriteRequest[],
  ): Promise<{ readonly outcomes: WriteOutcome[]; readonly logged: LoggedCounts | undefined }> {
    await this.#prepareCache(tx);
    this.#isTainted = true;
    this.#serial += 1;
    const plan = new BatchPlan(this.cache, this.#serial, this.#counts);
    const waiting: NewWaiting[] = [];
    const outcomes: WriteOutcome[] = [];
    const seenKeys = new Set<number>();
    for (const request of requests) {
      outcomes.push(
        'batch' in request
          ? await this.#addBatch(tx, plan, request.batch, waiting, seenKeys)
          : await addResolved(tx, plan, request.resolved),
      );
    }
    const { newEdges, logged } = await writePlan(tx, plan, this.#newActivity);
    this.edges += newEdges;
    await insertWaiting(tx, plan, waiting);
    this.droppedDetails += plan.foldedPorts + (await cutDetails(tx, plan, this.#options));
    for (const edge of plan.edges) {
      if (edge.changed) this.unnumbered.delete(edge);
      else this.unnumbered.add(edge);
    }
    return { outcomes, logged };
  }

  /**
   * The epoch's row is locked against whoever deletes or renames what the cache knows, until this transaction ends;
   * a new epoch empties the cache.
   */
  async #prepareCache(tx: WriteTransaction): Promise<void> {
    let query = tx.db.selectFrom('state').select('value').where('name', '=', 'epoch');
    if (!this.#backend.singleWriter) query = query.forShare();
    const { value: epoch } = await query.executeTakeFirstOrThrow();
    if (epoch === this.#epoch && !this.#isTainted) {
      this.cache.rotate();
      return;
    }
    this.cache.clear();
    this.unnumbered.clear();
    this.#epoch = epoch;
    for (const { id, name, reset_at: resetAt } of await tx.db.selectFrom('cluster').select(['id', 'name', 'reset_at']).execute()) {
      this.cache.clusters.set(name, { id, name, resetAt: resetAt ?? Number.NEGATIVE_INFINITY });
    }
  }

  async #addBatch(
    tx: WriteTransaction,
    plan: BatchPlan,
    batch: StoreBatch,
    waiting: NewWaiting[],
    seenKeys: Set<number>,
  ): Promise<WriteOutcome> {
    const nothing: WriteOutcome = { repeat: true, repeatedParts: [], stored: 0, beforeReset: 0, resolved: 0, newWaiting: 0 };
    if (batch.reporter !== undefined && !(await acceptSequence(tx, batch.reporter))) return nothing;
    const repeatedParts = await this.#repeatedParts(tx, batch.parts, seenKeys);
    const repeated = new Set(repeatedParts);
    let stored = 0;
    let beforeReset = 0;
    let newWaiting = 0;
    batch.parts.forEach((part, index) => {
      if (repeated.has(index)) return;
      for (const update of part.updates) {
        if (plan.add(update)) stored += 1;
        else beforeReset += 1;
      }
      for (const each of part.waiting ?? []) {
        if (each.observation.lastSeenAt < plan.cluster(each.cluster).resetAt) beforeReset += 1;
        else {
          waiting.push(each);
          newWaiting += 1;
        }
      }
    });
    return { repeat: false, repeatedParts, stored, beforeReset, resolved: 0, newWaiting };
  }

  async #repeatedParts(tx: WriteTransaction, parts: readonly BatchPart[], seenKeys: Set<number>): Promise<number[]> {
    const keyed = parts.flatMap(({ repeatKey }, index) => (repeatKey === undefined ? [] : [{ index, digest: digestOf(repeatKey) }]));
    if (keyed.length === 0) return [];
    // Sorted, so that two replicas do not wait for each other in a circle.
    const fresh = [...new Set(keyed.map(({ digest }) => digest))].filter((digest) => !seenKeys.has(digest)).toSorted((a, b) => a - b);
    const seenAt = Math.round(this.#clock.now());
    const inserted = await tx.insertMissing(
      REPEAT_KEY_INSERT,
      fresh.map((digest) => [digest, seenAt]),
    );
    const accepted = new Set(inserted);
    for (const digest of fresh) seenKeys.add(digest);
    return keyed.filter(({ digest }) => !accepted.delete(digest)).map(({ index }) => index);
  }
}

/** Only a higher sequence changes the row; a repeat changes nothing. */
async function acceptSequence(tx: WriteTransaction, reporter: ReporterState): Promise<boolean> {
  const row = {
    instance: reporter.instance,
    sequence: reporter.sequence,
    kind: reporter.kind,
    cluster: reporter.cluster,
    node: reporter.node ?? '',
    version: reporter.version ?? '',
    seen_at: Math.round(reporter.seenAt),
    extra: reporter.extra ?? '',
  };
  const accepted = await tx.db
    .insertInto('reporter')
    .values(row)
    .onConflict((conflict) => conflict.column('instance').doUpdateSet(row).where('reporter.sequence', '<', reporter.sequence))
    .returning('instance')
    .execute();
  return accepted.length > 0;
}

async function addResolved(tx: WriteTransaction, plan: BatchPlan, resolved: readonly ResolvedWaiting[]): Promise<WriteOutcome> {
  const ids = resolved.map(({ id }) => id).toSorted((a, b) => a - b);
  const gone = new Set<number>();
  for (let from = 0; from < ids.length; from += 1000) {
    const deleted = await tx.db
      .deleteFrom('waiting')
      .where('id', 'in', ids.slice(from, from + 1000))
      .returning('id')
      .execute();
    for (const { id } of deleted) gone.add(id);
  }
  let stored = 0;
  let beforeReset = 0;
  for (const { id, updates } of resolved) {
    // Somebody else ended it: its updates are in the map already.
    if (!gone.has(id)) continue;
    for (const update of updates) {
      if (plan.add(update)) stored += 1;
      else beforeReset += 1;
    }
  }
  return { repeat: false, repeatedParts: [], stored, beforeReset, resolved: gone.size, newWaiting: 0 };
}

async function insertWaiting(tx: WriteTransaction, plan: BatchPlan, waiting: readonly NewWaiting[]): Promise<void> {
  if (waiting.length === 0) return;
  const rows = waiting.map(({ cluster, observation, receivedAt, context }): Value[] => [
    plan.cluster(cluster).id,
    Math.round(observation.lastSeenAt),
    Math.round(receivedAt),
    0,
    0,
    JSON.stringify({ observation, context }),
  ]);
  await tx.upsert(WAITING_INSERT, rows);
}

/** 53 bits of a digest: of a million keys, one in ten thousand million new ones is taken for a repeat. */
function digestOf(key: string): number {
  const digest = hash('md5', key, 'buffer');
  return digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11);
}
