import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Clock, Logger, Observation } from '@nm/core';
import type { Reporter, ReportSettings } from '@nm/api';
import { backoffMs } from '@nm/runtime';
import { randomName } from '../observe/random.ts';
import { DiskSpool } from './disk-spool.ts';
import type { Post } from './http-post.ts';
import type { ReportProtocol } from './report-protocol.ts';
import { Spool } from './spool.ts';
import type { SpoolStats } from './spool.ts';

export interface ReporterDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly post: Post;
  readonly protocol: ReportProtocol;
  /** What a message says of this node besides observations. */
  readonly describe: () => Pick<Reporter, 'addresses' | 'listeners' | 'losses'>;
  readonly onSettings: (settings: ReportSettings) => void;
}

export interface ReporterOptions {
  readonly node: string | undefined;
  readonly version: string;
  readonly memoryBytes: number;
  readonly spoolFolder: string | undefined;
  readonly diskBytes: number;
}

export interface ReporterStats extends SpoolStats {
  readonly sent: number;
  readonly acknowledgedRows: number;
  readonly failures: number;
  /** Rows lost or refused since the start, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  readonly lastAcknowledgedAt: number;
}

/** Sends what was observed, one message at a time, and keeps it until the mapper has stored it. */
export interface ReportSender {
  add(observation: Observation): void;
  /** Ends the current message and lets it go; a message without rows only every HEARTBEAT_MS. */
  flush(): void;
  start(): void;
  /** Sends what waits, for at most `graceMs`; the rest stays on disk or is counted as lost. */
  stop(graceMs: number): Promise<void>;
  stats(): ReporterStats;
}

/** A node without traffic still tells that it has a sniffer. */
export const HEARTBEAT_MS = 15_000;
/** Short enough that a mapper that was away for some seconds has everything some seconds later. */
const BACKOFF = { baseMs: 500, maxMs: 10_000 } as const;
/** Between attempts while stopping. */
const LAST_ATTEMPTS_MS = 500;
/** Sequences are reserved on disk in steps, so that a crash never uses one twice. */
const RESERVE = 1_000_000;

/** The mapper refuses reports with more than 64 reasons, and whoever answers in its place can name ever new ones. */
const MAX_REASONS = 48;
const OTHER_REASONS = 'other';

/** What most reports are: compressed in a fifth of the memory, whose pages otherwise cost more than the work. */
const SMALL_BODY_BYTES = 32 * 1024;
const SMALL_BODY = { level: 1, windowBits: 13, memLevel: 5, chunkSize: 8 * 1024 } as const;

function compress(body: string | Uint8Array): Uint8Array {
  return gzipSync(body, body.length < SMALL_BODY_BYTES ? SMALL_BODY : { level: 1 });
}

export function createReporter(deps: ReporterDeps, options: ReporterOptions): ReportSender {
  const { clock, log, protocol } = deps;
  const losses: Record<string, number> = {};
  const lose = (given: string, rows: number): void => {
    const reason = Object.hasOwn(losses, given) || Object.keys(losses).length < MAX_REASONS ? given : OTHER_REASONS;
    losses[reason] = (losses[reason] ?? 0) + rows;
  };
  const disk =
    options.spoolFolder === undefined ? undefined : new DiskSpool({ folder: options.spoolFolder, maxBytes: options.diskBytes }, log, lose);
  const spool = new Spool(disk, { memoryBytes: options.memoryBytes }, lose);
  const state = disk?.state();
  const instance = state?.instance ?? randomName();
  let sequence = Math.max(Math.floor(clock.now()), state?.reserved ?? 0);
  let reserved = 0;
  let lastFlushAt = 0;
  let sent = 0;
  let acknowledgedRows = 0;
  let failures = 0;
  let lastAcknowledgedAt = 0;
  let wake: () => void = () => undefined;
  const stopping = new AbortController();
  /** Aborted first: what waits is tried at once and often. */
  const hurry = new AbortController();
  let running: Promise<void> | undefined;

  if (state?.isInUse === true) {
    // How much that was, nobody knows: it is counted once, and the log says between when.
    lose('killed', 1);
    const from = new Date(disk?.reportedUntil() ?? 0).toISOString();
    log.warn('the sniffer before this one was killed: what it saw after its last report is lost', {
      from,
      to: new Date(clock.now()).toISOString(),
    });
  }

  const nextSequence = (): number => {
    sequence += 1;
    if (disk !== undefined && sequence > reserved) {
      reserved = sequence + RESERVE;
      disk.writeState({ instance, reserved, isInUse: true });
    }
    return sequence;
  };

  const seal = (): void => {
    const reporter: Reporter = {
      kind: 'sniffer',
      instance,
      version: options.version,
      ...(options.node === undefined ? {} : { node: options.node }),
      ...deps.describe(),
    };
    lastFlushAt = clock.now();
    for (const message of protocol.finish(reporter, nextSequence, lastFlushAt)) spool.push(message);
    disk?.markReported(lastFlushAt);
    wake();
  };

  /** Sends the oldest message; how long to wait before the next. */
  const sendFirst = async (attempt: number, signal: AbortSignal): Promise<number> => {
    const message = spool.first();
    if (message === undefined) return 0;
    const now = clock.now();
    const body = compress(protocol.toBody(message.payload, now));
    const answer = await deps.post(body, signal).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    sent += 1;
    const outcome =
      typeof answer === 'string'
        ? { kind: 'later' as const, afterMs: undefined, reason: answer }
        : protocol.readAnswer(answer, clock.now());
    if (outcome.kind === 'later') {
      failures += 1;
      spool.keep();
      if (attempt === 1) log.warn('report not taken, kept and sent again', { reason: outcome.reason });
      return (outcome.afterMs ?? 0) + backoffMs(attempt, BACKOFF) + 1;
    }
    spool.drop(message.sequence);
    if (outcome.kind === 'refused') {
      lose(`refused_${outcome.reason}`, message.rows);
      log.warn('report refused, not sent again', { reason: outcome.reason, rows: message.rows });
      return 0;
    }
    const rejected = Object.entries(outcome.rejected);
    for (const [code, rows] of rejected) lose(`rejected_${code}`, rows);
    acknowledgedRows += message.rows - rejected.reduce((sum, [, rows]) => sum + rows, 0);
    lastAcknowledgedAt = clock.now();
    if (outcome.settings !== undefined) deps.onSettings(outcome.settings);
    return outcome.retryAfterMs === 0 ? 0 : -outcome.retryAfterMs;
  };

  const run = async (): Promise<void> => {
    let attempt = 1;
    while (!stopping.signal.aborted) {
      if (spool.first() === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const waitMs = await sendFirst(attempt, stopping.signal);
      // A positive wait follows a failure, a negative one is the mapper asking for time after it stored.
      if (attempt > 1 && waitMs <= 0) log.info('reports are taken again', { messages: spool.stats().messages });
      attempt = waitMs > 0 ? attempt + 1 : 1;
      if (waitMs === 0) continue;
      const signal = hurry.signal.aborted ? stopping.signal : hurry.signal;
      const ms = hurry.signal.aborted ? Math.min(Math.abs(waitMs), LAST_ATTEMPTS_MS) : Math.abs(waitMs);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    }
  };

  return {
    add(observation) {
      if (protocol.add(observation)) return;
      seal();
      protocol.add(observation);
    },
    flush() {
      const isHeartbeat = protocol.sendsEmpty && clock.now() - lastFlushAt >= HEARTBEAT_MS;
      if (protocol.size > 0 || isHeartbeat) seal();
    },
    start() {
      running = run();
    },
    async stop(graceMs) {
      if (protocol.size > 0) seal();
      hurry.abort();
      const until = clock.now() + graceMs;
      while (spool.stats().messages > 0 && clock.now() < until) await sleep(20);
      stopping.abort();
      wake();
      await running;
      spool.keep();
      if (disk === undefined) lose('stopped', spool.stats().rows);
      else disk.writeState({ instance, reserved: Math.max(reserved, sequence), isInUse: false });
    },
    stats: () => ({ ...spool.stats(), sent, acknowledgedRows, failures, losses, lastAcknowledgedAt }),
  };
}
