import type { Clock, Logger } from '@nm/core';
import { backoffMs } from '@nm/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import { statusOf } from '../kube/kube-reader.ts';
import type { KubeReader } from '../kube/kube-reader.ts';
import { createLineSplitter } from './line-splitter.ts';
import { createResumeWindow } from './resume-window.ts';
import type { ResumeWindow } from './resume-window.ts';

/** One container's log. */
export interface LogTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Lines that were lost because the log was rotated while nobody read it; times as the API wrote them. */
export interface LogGap {
  readonly from: string;
  readonly to: string;
}

export interface LogConsumer {
  /** A line without its time stamp; `at` in milliseconds since the epoch. */
  line(text: string, at: number): void;
  gap(gap: LogGap): void;
  /** The connection was made again. */
  reconnected(): void;
}

export interface FollowOptions {
  /** From where to begin: RFC 3339, a whole second. */
  readonly sinceTime: string;
  /** The API sends nothing when nothing is logged; after this long without a byte the connection is made anew. */
  readonly idleTimeoutMs: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

export const DEFAULT_FOLLOW: Omit<FollowOptions, 'sinceTime'> = { idleTimeoutMs: 300_000, baseMs: 500, maxMs: 30_000 };

/**
 * Follows a container's log through the API (pods/log with follow and timestamps) until the signal aborts. Resumes after
 * a break where it stopped, tells repeated lines, reads the rest of a previous run of the container, and notices
 * when lines were lost because the kubelet rotated the log meanwhile (the API gives only the newest file).
 */
export async function followPodLog(
  deps: { readonly reader: KubeReader; readonly clock: Clock; readonly log: Logger },
  target: LogTarget,
  consumer: LogConsumer,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const window = createResumeWindow();
  const fields = { namespace: target.namespace, pod: target.pod, container: target.container };
  let failures = 0;
  let connections = 0;
  while (!signal.aborted) {
    const before = window.lastStamp;
    try {
      if (connections > 0) consumer.reconnected();
      connections += 1;
      await readOnce(deps, target, consumer, window, options, signal);
      // A log that ends at once is a stopped container's.
      failures = window.lastStamp === before ? failures + 1 : 0;
    } catch (error) {
      if (signal.aborted) return;
      const isQuiet = (error as { readonly code?: unknown }).code === 'kube-timeout';
      failures = window.lastStamp === before && !isQuiet ? failures + 1 : 0;
      // A quiet log, a container that has not started yet, a pod that is going: nobody has to act.
      const level = statusOf(error) === 400 || statusOf(error) === 404 || failures < 3 ? 'debug' : 'warn';
      deps.log[level]('cannot follow the log of a Kafka broker', { ...fields, error: (error as Error).message });
    }
    await sleep(backoffMs(Math.max(failures, 1), options), undefined, { signal }).catch(() => undefined);
  }
}

async function readOnce(
  deps: { readonly reader: KubeReader; readonly log: Logger },
  target: LogTarget,
  consumer: LogConsumer,
  window: ResumeWindow,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const stopped = window.lastStamp;
  const sinceTime = window.sinceTime ?? options.sinceTime;
  window.resume();
  let waiting: { text: string; stamp: string }[] | undefined = stopped === undefined ? undefined : [];
  const splitter = createLineSplitter((line) => {
    const { stamp, text } = splitStamp(line);
    if (stamp === undefined) return;
    if (window.isRepeat(stamp, text)) return;
    // New lines without a repeat of the last one: something lies between. They wait until that is read.
    if (waiting !== undefined && !window.hasLast) waiting.push({ stamp, text });
    else deliver(window, consumer, stamp, text);
  });
  const chunks = await deps.reader.stream(logPath(target, { follow: 'true', timestamps: 'true', sinceTime }), {
    signal,
    idleTimeoutMs: options.idleTimeoutMs,
  });
  for await (const chunk of chunks) {
    splitter.push(chunk);
    if (waiting !== undefined && waiting.length > 0) {
      if (!window.hasLast && stopped !== undefined)
        await readBetween(deps, target, consumer, window, { stopped, sinceTime, next: waiting[0]?.stamp ?? '' }, signal);
      for (const { stamp, text } of waiting) deliver(window, consumer, stamp, text);
      waiting = undefined;
    }
  }
  // An unfinished line is not lost: it comes whole after the next resume.
}

/** Reads what the previous run of the container wrote after the last line taken; without one, lines are lost. */
async function readBetween(
  deps: { readonly reader: KubeReader; readonly log: Logger },
  target: LogTarget,
  consumer: LogConsumer,
  window: ResumeWindow,
  between: { readonly stopped: string; readonly sinceTime: string; readonly next: string },
  signal: AbortSignal,
): Promise<void> {
  const fields = { namespace: target.namespace, pod: target.pod, container: target.container };
  window.resume();
  try {
    const chunks = await deps.reader.stream(logPath(target, { previous: 'true', timestamps: 'true', sinceTime: between.sinceTime }), {
      signal,
    });
    const early: { readonly stamp: string; readonly text: string }[] = [];
    let earlyCharacters = 0;
    const splitter = createLineSplitter((line) => {
      const { stamp, text } = splitStamp(line);
      if (stamp === undefined || window.isRepeat(stamp, text)) return;
      if (window.hasLast) deliver(window, consumer, stamp, text);
      else if (early.length < MAX_EARLY_LINES && earlyCharacters + line.length <= MAX_EARLY_CHARACTERS) {
        early.push({ stamp, text });
        earlyCharacters += line.length;
      }
    });
    for await (const chunk of chunks) splitter.push(chunk);
    splitter.end();
    if (window.hasLast) return;
    // The previous run's log was rotated too: its newest file is what is left.
    for (const { stamp, text } of early) deliver(window, consumer, stamp, text);
  } catch (error) {
    if (signal.aborted) throw error;
    // 400: the container has no previous run, so its own log was rotated.
    if (statusOf(error) === undefined) throw error;
  }
  consumer.gap({ from: between.stopped, to: between.next });
  deps.log.warn("lines of a Kafka broker's log were lost: it was rotated while the connection was away", {
    ...fields,
    from: between.stopped,
    to: between.next,
  });
}

/** Lines of a previous run that are held until it is clear whether the last line taken is among them. */
const MAX_EARLY_LINES = 200_000;
/** Of them together: lines are 300 characters long as a rule, and may be half a million. */
const MAX_EARLY_CHARACTERS = 32 * 1024 * 1024;

function deliver(window: ResumeWindow, consumer: LogConsumer, stamp: string, text: string): void {
  window.take(stamp, text);
  consumer.line(text, Date.parse(stamp));
}

function splitStamp(line: string): { readonly stamp: string | undefined; readonly text: string } {
  const space = line.indexOf(' ');
  const stamp = space < 0 ? line : line.slice(0, space);
  if (stamp.length < 20 || stamp.charCodeAt(10) !== 0x54) return { stamp: undefined, text: line };
  return { stamp, text: space < 0 ? '' : line.slice(space + 1) };
}

function logPath(target: LogTarget, query: Readonly<Record<string, string>>): string {
  const params = new URLSearchParams({ container: target.container, ...query });
  return `/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}/log?${params.toString()}`;
}
