import type { Clock, Logger } from '@nm/core';
import type { Metrics, Startable } from '@nm/runtime';
import type { KubeReader } from '../kube/kube-reader.ts';
import { loadPods } from '../kube/watched-pod.ts';
import type { WatchedPod } from '../kube/watched-pod.ts';
import { createObservationOutbox } from '../report/observation-outbox.ts';
import type { ObservationSink } from '../report/observation-sink.ts';
import { createAccessAggregate } from './access-aggregate.ts';
import type { BrokerRef } from './access-aggregate.ts';
import { createAuditReader } from './audit-reader.ts';
import type { AuditReader } from './audit-reader.ts';
import { brokerContainer, isBrokerOf } from './broker-pods.ts';
import type { BrokerSet } from './broker-pods.ts';
import { followFile } from './file-follower.ts';
import type { KAFKA_METRICS } from './kafka-metrics.ts';
import { DEFAULT_FOLLOW, followPodLog } from './pod-log-follower.ts';
import type { FollowOptions } from './pod-log-follower.ts';

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

/** An event is whole when the next begins, or when the log has been quiet for this long. */
const QUIET_MS = 500;
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

/** Follows the logs of Kafka brokers and reports who used which topic, how. */
export function createKafkaWatcher(
  deps: KafkaWatcherDeps,
  options: KafkaWatcherOptions,
): Startable & { readonly followed: readonly string[] } {
  const { clock, log, metrics } = deps;
  const outbox = createObservationOutbox(deps.sink, { maxObservations: options.maxObservations });
  const aggregate = createAccessAggregate();
  const followed = new Map<string, Followed>();
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const quietTimers = new Set<NodeJS.Timeout>();
  const work: Promise<unknown>[] = [];
  const intakes = new Set<() => void>();
  let startedAt = 0;
  let lastEventAt = 0;
  let wasSilent = false;
  let reportedDrops = 0;
  let isFailing = false;

  function collect(): void {
    for (const count of intakes) count();
    if (aggregate.size > 0) outbox.add(aggregate.drain());
    metrics.waiting.set(outbox.size);
    metrics.dropped.inc(outbox.dropped - reportedDrops);
    reportedDrops = outbox.dropped;
  }

  /** A reader of one broker's log, and how to tell it that the log is quiet. */
  function createIntake(
    broker: BrokerRef,
    timeOf: (at: number | undefined) => number,
  ): { reader: AuditReader; touch: () => void; count: () => void; end: () => void } {
    const name = `${broker.namespace}/${broker.name}`;
    let malformed = 0;
    let forged = 0;
    const reader = createAuditReader((event) => {
      const reason = aggregate.add(event, broker, timeOf(event.at));
      metrics.events.inc({ outcome: reason ?? 'used' });
      lastEventAt = clock.now();
      metrics.lastEvent.set(lastEventAt / 1000);
      if (wasSilent) {
        wasSilent = false;
        log.info('Kafka authorizer events are there again', { broker: name });
      }
      if (aggregate.size >= MAX_ACCESSES) collect();
    });
    let quiet: NodeJS.Timeout | undefined;
    let lines = 0;
    const count = (): void => {
      metrics.lines.inc({ broker: name }, reader.counts.lines - lines);
      lines = reader.counts.lines;
      metrics.events.inc({ outcome: 'malformed' }, reader.counts.malformed - malformed);
      malformed = reader.counts.malformed;
      metrics.events.inc({ outcome: 'forged' }, reader.counts.forged - forged);
      forged = reader.counts.forged;
    };
    intakes.add(count);
    const end = (): void => {
      reader.flush();
      count();
    };
    return {
      reader,
      count,
      end,
      touch: () => {
        if (quiet !== undefined) {
          quiet.refresh();
          return;
        }
        quiet = setTimeout(() => {
          if (quiet !== undefined) quietTimers.delete(quiet);
          quiet = undefined;
          end();
        }, QUIET_MS);
        quietTimers.add(quiet);
      },
    };
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
    const intake = createIntake(broker, (at) => at ?? clock.now());
    await followPodLog(
      { reader, clock, log },
      { namespace: pod.namespace, pod: pod.name, container },
      {
        line(text, at): void {
          intake.reader.push(text, at);
          intake.touch();
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
    intake.end();
    intakes.delete(intake.count);
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
      discover(reader).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn('cannot list the pods of Kafka brokers', { error: (error as Error).message });
      });
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
    const since = Math.max(lastEventAt, startedAt);
    if (wasSilent || clock.now() - since < options.silenceMs) return;
    wasSilent = true;
    log.warn(SILENCE_ADVICE, { minutes: Math.round(options.silenceMs / 60_000), followed: followed.size });
  }

  async function followLogFile(file: NonNullable<KafkaWatcherOptions['file']>): Promise<void> {
    // What is written while we look happened now; what was there before says so itself or is as old as we can tell.
    const intake = createIntake(file.broker, (at) => at ?? clock.now());
    metrics.brokers.set(1);
    await followFile(
      { path: file.path, fromStart: file.fromStart, pollMs: FILE_POLL_MS },
      {
        line(text): void {
          intake.reader.push(text);
          intake.touch();
        },
        rotated: (how) => log.info('the log file was rotated', { path: file.path, how }),
        caughtUp: () => undefined,
      },
      stopping.signal,
    );
    intake.end();
  }

  return {
    get followed(): readonly string[] {
      return [...followed.keys()];
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
      for (const timer of quietTimers) clearTimeout(timer);
      collect();
      // A report that is under way was aborted; what it held is offered once more.
      await outbox.flush().catch(() => undefined);
      await outbox
        .flush(AbortSignal.timeout(LAST_REPORT_MS))
        .catch(() => log.warn('observations of the last seconds were not taken by the mapper', { observations: outbox.size }));
    },
  };
}

/** What an operator has to set when brokers write no authorizer events. */
const SILENCE_ADVICE =
  "no authorizer events in the logs of the Kafka brokers: set authorizer.class.name (org.apache.kafka.metadata.authorizer.StandardAuthorizer with KRaft), set the logger kafka.authorizer.logger to DEBUG, and let it write to the container's standard output (docs/watchers.md)";
