import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Copies what was written from the WAL into the database's file, on a thread and a connection of its own: it ends in
 * two fsyncs, and on a busy disk those take a second, during which the mapper would answer nobody.
 */
export interface Checkpointer {
  /** After a commit; cheap. A checkpoint follows soon, one at a time. */
  wrote(): void;
  close(): Promise<void>;
}

/** Between two checkpoints: a page changed often in between is copied once. */
const INTERVAL_MS = 1_000;
/** V8's smallest heaps; the thread holds nothing. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

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
  let failure;
  try {
    checkpoint.get();
  } catch (error) {
    failure = String(error);
  }
  parentPort.postMessage(failure);
});
`;

/**
 * The thread is started by the first write: who only reads (a backup) needs none.
 * @param onFailure what went wrong. The writing connection checkpoints by itself once the WAL is large.
 */
export function createCheckpointer(path: string, onFailure: (reason: string) => void): Checkpointer {
  let worker: Worker | undefined;
  let isClosed = false;
  let isRunning = false;
  let hasMore = false;
  let timer: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(PROGRAM, { eval: true, workerData: { path }, resourceLimits: RESOURCE_LIMITS, execArgv: [] });
    started.unref();
    started.on('message', (failure: string | undefined) => {
      isRunning = false;
      if (failure !== undefined) onFailure(failure);
      if (hasMore) schedule();
    });
    started.on('error', (error) => onFailure(String(error)));
    started.once('exit', () => {
      // Another one is started by the next write.
      worker = undefined;
      isRunning = false;
    });
    return started;
  }

  function run(): void {
    timer = undefined;
    isRunning = true;
    hasMore = false;
    worker ??= start();
    worker.postMessage('checkpoint');
  }

  function schedule(): void {
    if (!isClosed) timer ??= setTimeout(run, INTERVAL_MS).unref();
  }

  return {
    wrote() {
      if (isRunning) hasMore = true;
      else schedule();
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
