import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResolvedWaiting, StoreBatch } from '../batch.ts';
import { StoreError } from '../store-error.ts';
import { isServerFailure } from '../to-store-error.ts';
import type { BatchWriter, WriteOutcome, WriteRequest } from './batch-writer.ts';

interface Queued {
  readonly request: WriteRequest;
  readonly updates: number;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Accepts what is to be stored, up to a bound, and stores what has queued up meanwhile in one transaction (group
 * commit). If such a transaction fails, each of its requests is tried by itself, so that one cannot take others along; all fail at once only when the database itself does.
 */
export class WriteQueue {
  storedBatches = 0;
  storedUpdates = 0;
  transactions = 0;
  busy = 0;
  longestTransactionMs = 0;
  readonly #writer: Pick<BatchWriter, 'write'>;
  readonly #options: { readonly maxQueuedUpdates: number; readonly maxTransactionUpdates: number };
  readonly #queue: Queued[] = [];
  #queuedUpdates = 0;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(writer: Pick<BatchWriter, 'write'>, options: { maxQueuedUpdates: number; maxTransactionUpdates: number }) {
    this.#writer = writer;
    this.#options = options;
  }

  get length(): number {
    return this.#queue.length;
  }

  get queuedUpdates(): number {
    return this.#queuedUpdates;
  }

  /** @throws StoreError `store_busy`, `store_closed` */
  push(request: WriteRequest): Promise<WriteOutcome> {
    if (this.#isClosed) return Promise.reject(new StoreError('store_closed', 'the store is closed; send again to the next process'));
    const updates = sizeOf(request);
    if (this.#queue.length > 0 && this.#queuedUpdates + updates > this.#options.maxQueuedUpdates) {
      this.busy += 1;
      return Promise.reject(
        new StoreError('store_busy', `${this.#queuedUpdates} updates wait to be stored: send again later`, {
          fields: { queued: this.#queuedUpdates },
        }),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<WriteOutcome>();
    this.#queue.push({ request, updates, resolve, reject });
    this.#queuedUpdates += updates;
    this.#running ??= this.#run();
    return promise;
  }

  /** Refuses what is new and stores what was accepted. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whatever arrives in this turn of the event loop shares the first transaction.
    await nextTurn();
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      await this.#store(group);
      for (const { updates } of group) this.#queuedUpdates -= updates;
      // Queries get their turn between two transactions.
      await nextTurn();
    }
    this.#running = undefined;
  }

  #takeGroup(): Queued[] {
    let updates = 0;
    let length = 0;
    for (const queued of this.#queue) {
      if (length > 0 && updates + queued.updates > this.#options.maxTransactionUpdates) break;
      updates += queued.updates;
      length += 1;
    }
    return this.#queue.splice(0, length);
  }

  async #store(group: readonly Queued[]): Promise<void> {
    try {
      const outcomes = await this.#timed(group);
      group.forEach(({ resolve }, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) throw new Error('a request has no outcome');
        this.storedBatches += 1;
        this.storedUpdates += outcome.stored;
        resolve(outcome);
      });
    } catch (error) {
      if (group.length === 1 || isServerFailure(error)) for (const { reject } of group) reject(error);
      else for (const queued of group) await this.#store([queued]);
    }
  }

  async #timed(group: readonly Queued[]): Promise<WriteOutcome[]> {
    const startedAt = performance.now();
    try {
      return await this.#writer.write(group.map(({ request }) => request));
    } finally {
      this.transactions += 1;
      this.longestTransactionMs = Math.max(this.longestTransactionMs, performance.now() - startedAt);
    }
  }
}

function sizeOf(request: WriteRequest): number {
  return 'batch' in request ? sizeOfBatch(request.batch) : sizeOfResolved(request.resolved);
}

function sizeOfBatch(batch: StoreBatch): number {
  return batch.parts.reduce((sum, part) => sum + part.updates.length + (part.waiting?.length ?? 0), 1);
}

function sizeOfResolved(resolved: readonly ResolvedWaiting[]): number {
  return resolved.reduce((sum, { updates }) => sum + updates.length + 1, 0);
}
