import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@nm/core';
import type { Backend } from '../backend.ts';
import type { StoreOptions } from '../store-options.ts';
import type { BatchWriter } from './batch-writer.ts';
import { takeVersions } from './plan-writer.ts';
import { EDGE_TOUCH } from './statements.ts';

/** At most this part of the time goes into numbering: under load changes of counts are announced later. */
const MAX_DUTY = 0.05;
/** Edges numbered in one transaction. */
const STEP = 2_000;

/**
 * Gives new versions to edges of which only counts changed, or by what they are known. Doing so with every batch would cost more than storing
 * it, so it is done every few seconds for all of them at once.
 */
export class ChangeNumbers {
  readonly #backend: Backend;
  readonly #writer: BatchWriter;
  readonly #log: Logger;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #delayMs: number;

  constructor(backend: Backend, writer: BatchWriter, deps: { log: Logger }, options: Pick<StoreOptions, 'changeIntervalMs'>) {
    this.#backend = backend;
    this.#writer = writer;
    this.#log = deps.log;
    this.#intervalMs = options.changeIntervalMs;
    this.#delayMs = options.changeIntervalMs;
  }

  /** After a batch: numbers what it left, in a while. */
  schedule(): void {
    if (this.#timer !== undefined || this.#writer.unnumbered.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#number().catch((error: unknown) => {
        this.#log.warn('changes of counts are not announced', { error: String(error) });
      });
    }, this.#delayMs);
    this.#timer.unref();
  }

  /** Numbers what is left. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    await this.#number();
    clearTimeout(this.#timer);
  }

  async #number(): Promise<void> {
    const startedAt = performance.now();
    try {
      const ids = [...this.#writer.unnumbered].map(({ id }) => id).toSorted((a, b) => a - b);
      this.#writer.unnumbered.clear();
      for (let from = 0; from < ids.length; from += STEP) {
        const chunk = ids.slice(from, from + STEP);
        await this.#backend.transaction(async (tx) => {
          const version = await takeVersions(tx, chunk.length);
          await tx.update(
            EDGE_TOUCH,
            chunk.map((id, index) => [id, version + index]),
          );
        });
        await nextTurn();
      }
    } finally {
      this.#delayMs = Math.max(this.#intervalMs, (performance.now() - startedAt) / MAX_DUTY);
      this.#timer = undefined;
      this.schedule();
    }
  }
}
