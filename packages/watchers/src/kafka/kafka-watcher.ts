import type { Clock, Logger } from '@nm/core';
import { createObservationOutbox } from '@nm/reporting';
import type { ObservationSink } from '@nm/reporting';
import type { HealthCheck, Metrics, Startable } from '@nm/runtime';
import type { KubeReader } from '../kube/kube-reader.ts';
import { loadPods } from '../kube/watched-pod.ts';
import type { WatchedPod } from '../kube/watched-pod.ts';
import { createAccessAggregate } from './access-aggregate.ts';
import type { BrokerRef } from './access-aggregate.ts';
import { brokerContainer, isBrokerOf } from './broker-pods.ts';
import type { BrokerSet } from './broker-pods.ts';
import { followFile } from './file-follower.ts';
import type { KAFKA_METRICS } from './kafka-metrics.ts';
import { createLogIntake } from './log-intake.ts';
import type { LogIntake } from './log-intake.ts';
import { DEFAULT_FOLLOW, followPodLog } from './pod-log-follower.ts';
import type { FollowOptions } from './pod-log-follower.ts';
import { adviseOnSilence } from './silence-advice.ts';

export interface KafkaWatcherDeps {
  readonly sink: ObservationSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics<typeof KAFKA_METRICS>;
  /** Needed for brokers in a cluster. */
  readonly reader?: KubeReader;
}

export interface KafkaWatcherOptions {
  readonly brokers: readonly BrokerSet[];
  /** A log file and the broker that writes it, instead of or besides brokers in a cluster. */
  readonly file?: { readonly path: string; readonly broker: BrokerRef; readonly fromStart: boolean };
  readonly reportIntervalMs: number;
  readonly discoveryIntervalMs: number;
  /** After so long without an authorizer's event a warning says what is missing. */
  readonly silenceMs: number;
  /** How far back a log is read at the start. */
  readonly lookBackMs: number;
  readonly maxObservations: number;
  readonly follow?: Partial<Omit<FollowOptions, 'sinceTime'>>;
}

export const KAFKA_WATCHER_DEFAULTS = {
  reportIntervalMs: 10_000,
  discoveryIntervalMs: 10_000,
  silenceMs: 600_000,
  lookBackMs: 60_000,
  maxObservations: 100_000,
} as const;

/** Distinct accesses that are added up before they go out early. */
const MAX_ACCESSES = 20_000;
/** Brokers followed at a time; a Kafka cluster of this size would be remarkable. */
const MAX_FOLLOWED = 512;
const FILE_POLL_MS = 250;
const LAST_REPORT_MS = 5_000;

interface Followed {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export interface KafkaWatcher extends Startable {
  readonly followed: readonly string[];
  readonly checks: Readonly<Record<'pods' | 'mapper', () => HealthCheck>>;
}

/** Follows the logs of Kafka brokers and reports who used which topic, how. */
export function createKafkaWatcher(deps: KafkaWatcherDeps, options: KafkaWatcherOptions): KafkaWatcher {
  const { clock, log, metrics } = deps;
  const outbox = createObservationOutbox(deps.sink, { maxObservations: options.maxObservations });
  const aggregate = createAccessAggregate();
  const followed = new Map<string, Followed>();
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const work: Promise<unknown>[] = [];
  const intakes = new Set<LogIntake>();
  let startedAt = 0;
  let lastAllowedAt = 0;
  /** Since the last warning, or the start. */
  let seen = { lines: 0, allowed: 0, denied: 0 };
  let wasSilent = false;
  let listFailure: string | undefined;
  let reportedDrops = 0;
  let isFailing = false;

  function collect(): void {
    for (const intake of intakes) intake.count();
    if (aggregate.size > 0) outbox.add(aggregate.drain());
    metrics.waiting.set(outbox.size);
    metrics.dropped.inc(outbox.dropped - reportedDrops);
    reportedDrops = outbox.dropped;
  }

  function openIntake(broker: BrokerRef): LogIntake {
    const name = `${broker.namespace}/${broker.name}`;
    const intake = createLogIntake(
      (event) => {
        const now = clock.now();
        // A log file's lines have no zone: what is written while we look happened now.
        const reason = aggregate.add(event, broker, event.at ?? now);
        metrics.events.inc({ outcome: reason ?? 'used' });
        metrics.lastEvent.set(now / 1000);
        if (event.result === 'DENIED') seen.denied += 1;
        else {
          seen.allowed += 1;
          lastAllowedAt = now;
          if (wasSilent) log.info('Kafka authorizer events are there again', { broker: name });
          wasSilent = false;
        }
        if (aggregate.size >= MAX_ACCESSES) collect();
      },
      ({ lines, malformed, forged }) => {
        metrics.lines.inc({ broker: name }, lines);
        metrics.events.inc({ outcome: 'malformed' }, malformed);
        metrics.events.inc({ outcome: 'forged' }, forged);
        seen.lines += lines;
      },
    );
    intakes.add(intake);
    return intake;
  }

  function closeIntake(intake: LogIntake): void {
    intake.end();
    intakes.delete(intake);
  }

  async function followBroker(reader: KubeReader, pod: WatchedPod, container: string, signal: AbortSignal): Promise<void> {
    const broker: BrokerRef = {
      namespace: pod.namespace,
      name: pod.name,
      isPod: true,
      podUid: pod.uid,
      ...(pod.nodeName === undefined ? {} : { nodeName: pod.nodeName }),
    };
    const labels = { broker: `${pod.namespace}/${pod.name}` };
    const intake = openIntake(broker);
    await followPodLog(
      { reader, clock, log },
      { namespace: pod.namespace, pod: pod.name, container },
      {
        line(text, at): void {
          intake.push(text, at);
        },
        gap({ from, to }): void {
          metrics.gaps.inc(labels);
          metrics.gapSeconds.inc(labels, Math.max(0, Date.parse(to) - Date.parse(from)) / 1000 || 0);
        },
        reconnected: () => metrics.reconnects.inc(labels),
      },
      { ...DEFAULT_FOLLOW, ...options.follow, sinceTime: new Date(startedAt - options.lookBackMs).toISOString().replace(/\.\d+Z$/, 'Z') },
      signal,
    );
    closeIntake(intake);
  }

  /** Begins to follow brokers that are new and lets go of those that are gone. */
  async function discover(reader: KubeReader): Promise<void> {
    const present = new Set<string>();
    for (const set of options.brokers) {
      const query = { namespace: set.namespace, ...(set.selector === undefined ? {} : { labelSelector: set.selector }) };
      const pods = (await loadPods(reader, query, stopping.signal)).filter((pod) => isBrokerOf(set, pod));
      if (pods.length === 0) log.debug('no broker found', { name: set.name, namespace: set.namespace });
      for (const pod of pods) {
        const container = brokerContainer(set, pod);
        if (container === undefined) {
          log.warn('a Kafka broker has no container of the given name', {
            namespace: pod.namespace,
            pod: pod.name,
            container: set.container,
          });
          continue;
        }
        const key = `${pod.uid}/${container}`;
        present.add(key);
        if (followed.has(key) || followed.size >= MAX_FOLLOWED || pod.phase === 'Pending') continue;
        const controller = new AbortController();
        const signal = AbortSignal.any([controller.signal, stopping.signal]);
        log.info('following a Kafka broker', { namespace: pod.namespace, pod: pod.name, container });
        followed.set(key, { controller, done: followBroker(reader, pod, container, signal) });
      }
    }
    for (const [key, { controller }] of followed) {
      if (present.has(key)) continue;
      controller.abort();
      followed.delete(key);
    }
    metrics.brokers.set(followed.size);
  }

  async function discoverForever(reader: KubeReader): Promise<void> {
    const discoverOnce = (): Promise<void> =>
      discover(reader).then(
        () => {
          listFailure = undefined;
        },
        (error: unknown) => {
          listFailure = (error as Error).message;
          if (!stopping.signal.aborted) log.warn('cannot list the pods of Kafka brokers', { error: listFailure });
        },
      );
    await discoverOnce();
    timers.push(setInterval(() => void discoverOnce(), options.discoveryIntervalMs));
  }

  function report(): void {
    collect();
    outbox.flush(stopping.signal).then(
      () => {
        isFailing = false;
        metrics.waiting.set(outbox.size);
      },
      (error: unknown) => {
        if (!isFailing && !stopping.signal.aborted)
          log.warn('the mapper does not take observations; they are kept', { error: (error as Error).message });
        isFailing = true;
      },
    );
  }

  function checkSilence(): void {
    for (const intake of intakes) intake.count();
    if (wasSilent || clock.now() - Math.max(lastAllowedAt, startedAt) < options.silenceMs) return;
    wasSilent = true;
    const brokers = followed.size + (options.file === undefined ? 0 : 1);
    log.warn(adviseOnSilence({ brokers, ...seen }), { minutes: Math.round(options.silenceMs / 60_000), brokers, ...seen });
    seen = { lines: 0, allowed: 0, denied: 0 };
  }

  async function followLogFile(file: NonNullable<KafkaWatcherOptions['file']>): Promise<void> {
    const intake = openIntake(file.broker);
    metrics.brokers.set(1);
    await followFile(
      { path: file.path, fromStart: file.fromStart, pollMs: FILE_POLL_MS },
      {
        line(text): void {
          intake.push(text);
        },
        rotated: (how) => log.info('the log file was rotated', { path: file.path, how }),
        caughtUp: () => undefined,
      },
      stopping.signal,
    );
    closeIntake(intake);
  }

  return {
    get followed(): readonly string[] {
      return [...followed.keys()];
    },
    checks: {
      pods: () => (listFailure === undefined ? { ok: true, detail: `${followed.size} brokers` } : { ok: false, detail: listFailure }),
      mapper: () => (isFailing ? { ok: false, detail: `${outbox.size} observations wait` } : { ok: true }),
    },
    async start(): Promise<void> {
      startedAt = clock.now();
      const { reader } = deps;
      if (reader !== undefined && options.brokers.length > 0) await discoverForever(reader);
      if (options.file !== undefined) {
        work.push(
          followLogFile(options.file).catch((error: unknown) =>
            log.error('cannot follow the log file', { error: (error as Error).message }),
          ),
        );
      }
      timers.push(setInterval(report, options.reportIntervalMs));
      timers.push(setInterval(checkSilence, Math.min(options.silenceMs, 60_000)));
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await Promise.allSettled([...work, ...Array.from(followed.values(), ({ done }) => done)]);
      collect();
      // A report that is under way was aborted; what it held is offered once more.
      await outbox.flush().catch(() => undefined);
      await outbox
        .flush(AbortSignal.timeout(LAST_REPORT_MS))
        .catch(() => log.warn('observations of the last seconds were not taken by the mapper', { observations: outbox.size }));
    },
  };
}
