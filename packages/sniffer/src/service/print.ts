import type { Logger } from '@nm/core';
import type { CaptureSource } from '../capture/capture-source.ts';
import { createRingSource } from '../capture/ring-source.ts';
import { createLiveObserver } from '../observe/live-observer.ts';
import { randomSeed } from '../observe/random.ts';
import { processCpuMs } from '../proc/cpu-time.ts';
import { createNodeView } from '../proc/node-view.ts';
import { toJsonLine, toTextLine } from './format-observation.ts';
import { warnOfRights } from './rights.ts';
import type { SnifferOptions } from './sniffer.ts';

const PRINT_EVERY_MS = 500;

export interface PrintDeps {
  readonly log: Logger;
  readonly write: (line: string) => void;
  readonly source?: CaptureSource;
}

/** Prints observations until the signal aborts or the time is over. */
export async function printObservations(deps: PrintDeps, options: SnifferOptions, signal: AbortSignal): Promise<void> {
  const source = deps.source ?? createRingSource({ log: deps.log }, { dnsPorts: options.dnsPorts, keepLoopback: options.loopback });
  const toLine = options.format === 'json' ? toJsonLine : toTextLine;
  const view = createNodeView({ procRoot: options.hostProc });
  const live = createLiveObserver(
    {
      source,
      view,
      clock: { now: () => Date.now() },
      cpuMs: processCpuMs,
      onObservation: (observation) => deps.write(`${toLine(observation)}\n`),
    },
    { dnsPorts: options.dnsPorts, seed: randomSeed() },
  );
  live.start();
  live.look();
  warnOfRights(deps.log, view.counts());
  deps.log.info('capturing on all interfaces; Ctrl-C ends');
  const timer = setInterval(() => {
    live.look();
    live.drain();
  }, PRINT_EVERY_MS);
  await untilOver(signal, options.duration);
  clearInterval(timer);
  live.look();
  live.finish();
  live.stop();
  const { frames, dropped } = source.stats();
  deps.log.info('done', { frames, dropped, ...live.observer.counts });
}

/** Resolves when the signal aborts or the time is over. */
export async function untilOver(signal: AbortSignal, afterMs: number | undefined): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = afterMs === undefined ? undefined : setTimeout(resolve, afterMs);
    // Without a timer nothing else may keep the process alive: the capture's own timer does.
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
