import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Copies what was written from the WAL into the database's file, on a thread and a connection of its own: it ends in
 * two fsyncs, and on a busy disk those take a second, during which the mapper would answer nobody.
 */
export interface Checkpointer {
  /** After a commit; cheap. A checkpoint follows soon, one at a time. */
  wrote(): void;
  /**
   * Before a transaction. The WAL begins anew only once all of it was copied, which never comes to pass while something is
   * written all the time: when it has become long, this waits until it was, and the one who waits is not the event loop.
   */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Between two checkpoints: a page changed often in between is copied once. */
const INTERVAL_MS = 1_000;
/** After one that had much to copy: little is left then when all must be. */
const BUSY_INTERVAL_MS = 100;
/** Pages (8 MiB) that are much. */
const MANY_PAGES = 2_048;
/** Pages (32 MiB) of the WAL from which on all is copied: half of those at which a commit does so, as some come before it is seen. */
const LONG_PAGES = 8_000;
/** Rounds for that. The first may have begun before the last commit; another process that reads makes all in vain. */
const MAX_ROUNDS = 3;
/** V8's smallest heaps; the thread holds nothing. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/** What a checkpoint found and did, in pages of the WAL: all of them, and those that are in the file now. */
interface Outcome {
  readonly pages: number;
  readonly copied: number;
  readonly failure?: string;
}

/**
 * The whole program of the thread, as text: a bundle or a single executable has no file to start it from. Passive
 * checkpoints wait for nobody and keep nobody waiting (https://www.sqlite.org/c3ref/wal_checkpoint_v2.html).
 */
const PROGRAM = `
const { DatabaseSync } = require('node:sqlite');
const { parentPort, workerData } = require('node:worker_threads');
const database = new DatabaseSync(workerData.path);
const checkpoint = database.prepare('pragma wal_checkpoint(passive)');
parentPort.on('message', (text) => {
  if (text === 'close') {
    database.close();
    parentPort.close();
    return;
  }
  try {
    const { log, checkpointed } = checkpoint.get();
    parentPort.postMessage({ pages: log, copied: checkpointed });
  } catch (error) {
    parentPort.postMessage({ pages: 0, copied: 0, failure: String(error) });
  }
});
`;

/**
 * The thread is started by the first write: who only reads (a backup) needs none.
 * @param onFailure what went wrong. The writing connection checkpoints by itself once the WAL is large.
 */
export function createCheckpointer(path: string, onFailure: (reason: string) => void): Checkpointer {
  let worker: Worker | undefined;
  let isClosed = false;
  let running: PromiseWithResolvers<void> | undefined;
  let hasMore = false;
  let timer: NodeJS.Timeout | undefined;
  let last: Outcome = { pages: 0, copied: 0 };
  let intervalMs = INTERVAL_MS;
  /** Until all of it was copied. */
  let isLong = false;

  function start(): Worker {
    const started = new Worker(PROGRAM, { eval: true, workerData: { path }, resourceLimits: RESOURCE_LIMITS, execArgv: [] });
    started.unref();
    started.on('message', (outcome: Outcome) => {
      // Fewer pages than before: it began anew meanwhile.
      const fresh = outcome.copied < last.copied ? outcome.copied : outcome.copied - last.copied;
      intervalMs = fresh >= MANY_PAGES ? BUSY_INTERVAL_MS : INTERVAL_MS;
      isLong = outcome.pages >= LONG_PAGES && !(isLong && outcome.copied >= outcome.pages);
      last = outcome;
      if (outcome.failure !== undefined) onFailure(outcome.failure);
      end();
    });
    started.on('error', (error) => onFailure(String(error)));
    started.once('exit', () => {
      // Another one is started by the next write.
      worker = undefined;
      end();
    });
    return started;
  }

  function end(): void {
    running?.resolve();
    running = undefined;
    if (hasMore) schedule();
  }

  function run(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    hasMore = false;
    running = Promise.withResolvers();
    worker ??= start();
    worker.postMessage('checkpoint');
    return running.promise;
  }

  function schedule(): void {
    if (!isClosed) timer ??= setTimeout(() => void run(), intervalMs).unref();
  }

  return {
    wrote() {
      if (running === undefined) schedule();
      else hasMore = true;
    },
    async ready() {
      for (let round = 0; isLong && round < MAX_ROUNDS && !isClosed; round += 1) await (running?.promise ?? run());
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      if (worker === undefined) return;
      const ended = once(worker, 'exit');
      worker.ref();
      worker.postMessage('close');
      await ended;
    },
  };
}
