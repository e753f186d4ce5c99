import { setTimeout as sleep } from 'node:timers/promises';
import { toQueryUrl } from '@nm/api';
import type { Reporter, ReportSettings } from '@nm/api';
import type { Logger } from '@nm/core';
import { collectHeap, createHealth, createHeapKeeper, trimSlack } from '@nm/runtime';
import type { ListenAddress, OptionValues } from '@nm/runtime';
import type { CaptureSource } from '../capture/capture-source.ts';
import { releaseFreedMemory } from '../capture/libc.ts';
import { releaseProgramPages } from '../capture/program-pages.ts';
import { createRingSource } from '../capture/ring-source.ts';
import { createLiveObserver } from '../observe/live-observer.ts';
import type { LiveObserver } from '../observe/live-observer.ts';
import { randomSeed } from '../observe/random.ts';
import { rehearse } from '../observe/rehearse.ts';
import { processCpuMs } from '../proc/cpu-time.ts';
import { createNodeView } from '../proc/node-view.ts';
import type { NodeView } from '../proc/node-view.ts';
import { createCompatibleProtocol } from '../report/compatible-protocol.ts';
import { createPost } from '../report/http-post.ts';
import { createOwnProtocol } from '../report/own-protocol.ts';
import { createReporter } from '../report/reporter.ts';
import type { ReportSender } from '../report/reporter.ts';
import { createHandover } from './handover.ts';
import type { Handover } from './handover.ts';
import { formatMetrics } from './metrics.ts';
import type { MetricValues } from './metrics.ts';
import type { SNIFFER_OPTIONS } from './options.ts';
import { createObservationGate } from './observation-gate.ts';
import { createPlainListener } from './plain-listener.ts';
import type { PlainListener } from './plain-listener.ts';
import { ReportSchedule } from './report-schedule.ts';
import { warnOfRights } from './rights.ts';

export type SnifferOptions = OptionValues<typeof SNIFFER_OPTIONS>;

export interface SnifferDeps {
  readonly log: Logger;
  readonly version: string;
  /** Another source than the kernel's ring, for tests. */
  readonly source?: CaptureSource;
}

export interface Sniffer {
  start(): Promise<void>;
  /** Hands over to a successor, if one comes, and reports what is left: STOP_GRACE_MS at most, HANDOVER_GRACE_MS after a handover. */
  stop(): Promise<void>;
  /** Where metrics are served, with the real port. */
  metricsAddress(): ListenAddress;
}

const LOOK_EVERY_MS = 1_000;
const LISTEN_AGAIN_MS = 5_000;
const LOSS_LOG_MS = 60_000;
const STOP_GRACE_MS = 2_000;
/** With a successor this is an update, in which the mapper may be away for a moment too. Within terminationGracePeriodSeconds of the chart. */
const HANDOVER_GRACE_MS = 20_000;
/** The kubelet may take a successor for ready before it captures, because both answer at one port. */
const SUCCESSOR_WAIT_MS = 5_000;
/** While it is another's turn: so often is drained, and so exactly the turns are told apart. */
const WAITING_DRAIN_MS = 100;
/** Longer than the kernel keeps a block of the ring that is not full. */
const LAST_BLOCK_MS = 150;
/** UDP ports above this are taken by clients for a moment; they are no servers. */
const FIRST_EPHEMERAL_PORT = 32_768;
const MAX_LISTENERS = 1_024;
/** Garbage of reports that may gather: without this bound a busy node's heap grew to three times what lives in it. */
const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;
/** Pages that reports which waited for a mapper took when all of them were sent at once. */
const MAX_HEAP_SLACK_BYTES = 8 * 1024 * 1024;
const COMPILED_AFTER_MS = 2_000;
const RELEASE_EVERY_MS = 10_000;
/** After fewer frames than this since the last time, memory is looked after only every so many times. */
const QUIET_FRAMES = 10_000;
const QUIET_RELEASES = 6;
/** What was compiled or done seldom, and its pages of the program: they come back by the fault, so not often. */
const RELEASE_PROGRAM_EVERY_MS = 5 * 60_000;

/** The sniffer as a service: sees, reports, and tells how it is doing. */
export async function createSniffer(deps: SnifferDeps, options: SnifferOptions): Promise<Sniffer> {
  const { log } = deps;
  const clock = { now: (): number => Date.now() };
  const source = deps.source ?? createRingSource({ log }, { dnsPorts: options.dnsPorts, keepLoopback: false });
  const view = createNodeView({ procRoot: options.hostProc });
  const byKind: Record<string, number> = {};
  let intervalMs = options.reportInterval;
  let mapperPorts: readonly number[] = [];
  const gate = createObservationGate(clock, (observation) => {
    byKind[observation.kind] = (byKind[observation.kind] ?? 0) + 1;
    sender.add(observation);
  });
  const handover =
    options.handover === undefined
      ? undefined
      : createHandover({ clock, log }, { name: options.handover, unreportedMs: options.reportInterval });
  const live = createLiveObserver(
    { source, view, clock, cpuMs: processCpuMs, onObservation: (observation) => gate.add(observation) },
    { dnsPorts: options.dnsPorts, seed: randomSeed() },
  );
  const onSettings = (settings: ReportSettings): void => {
    intervalMs = Math.max(options.reportInterval, settings.reportIntervalMs);
    if (settings.dnsPorts.join() === mapperPorts.join()) return;
    mapperPorts = settings.dnsPorts;
    live.setDnsPorts([...new Set([...options.dnsPorts, ...mapperPorts])]);
    log.info('DNS ports set by the mapper', { ports: mapperPorts });
  };
  const { post, close } = await createPost({
    url: toQueryUrl(options.mapperUrl),
    timeoutMs: 30_000,
    connectTimeoutMs: 3_000,
    ...(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
    ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
  });
  const describe = (): Pick<Reporter, 'addresses' | 'listeners' | 'losses'> => ({
    addresses: view.nodeAddresses(),
    listeners: listenersOf(live, view),
    losses: { ...sender.stats().losses, kernel_drops: source.stats().dropped },
  });
  const sender: ReportSender = createReporter(
    { clock, log, post, protocol: options.protocol === 'own' ? createOwnProtocol() : createCompatibleProtocol(), describe, onSettings },
    {
      node: options.node,
      version: deps.version,
      memoryBytes: options.spoolMemory,
      spoolFolder: options.spoolDir,
      diskBytes: options.spoolDisk,
    },
  );

  const health = createHealth();
  health.addCheck('mapper', () => {
    const { messages, lastAcknowledgedAt } = sender.stats();
    return {
      ok: true,
      detail: `${messages} reports wait, last acknowledged ${lastAcknowledgedAt === 0 ? 'never' : new Date(lastAcknowledgedAt).toISOString()}`,
    };
  });
  const values = (): MetricValues => collectMetrics({ source, view, live, sender, byKind });
  const listen = (name: string, address: ListenAddress): PlainListener =>
    createPlainListener(
      (request, response) => {
        if (health.handle(request, response)) return;
        const isMetrics = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
        response.writeHead(isMetrics ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(isMetrics ? formatMetrics(values()) : 'not found\n');
      },
      { name, listen: address },
    );
  const listeners = [
    listen('metrics', options.metricsListen),
    ...(options.healthListen === undefined ? [] : [listen('health', options.healthListen)]),
  ];

  const heap = createHeapKeeper(MAX_HEAP_GROWTH_BYTES, collectHeap);
  const schedule = new ReportSchedule(LOOK_EVERY_MS);
  const timers: NodeJS.Timeout[] = [];
  let reportTimer: NodeJS.Timeout | undefined;
  let lastLosses = '';
  let releasesLeft = 0;
  let releasedAtFrames = 0;

  const report = (): void => {
    clearTimeout(reportTimer);
    const rows = live.drain();
    sender.flush();
    heap.look();
    const afterMs = schedule.reported({ rows, isAway: sender.stats().isAway, intervalMs });
    if (afterMs !== undefined) reportTimer = setTimeout(report, afterMs);
  };

  const look = (): void => {
    live.look();
    if (schedule.isDue(live.hasNews)) report();
  };

  const release = (): void => {
    const { frames } = source.stats();
    releasesLeft -= 1;
    if (frames - releasedAtFrames < QUIET_FRAMES && releasesLeft > 0) return;
    releasedAtFrames = frames;
    releasesLeft = QUIET_RELEASES;
    trimSlack(MAX_HEAP_SLACK_BYTES);
    releaseFreedMemory();
  };

  const logLosses = (): void => {
    const { dropped, overruns } = source.stats();
    const losses = { ...sender.stats().losses, ...(dropped > 0 ? { kernel_drops: dropped, ring_overruns: overruns } : {}) };
    const text = JSON.stringify(losses);
    if (text === lastLosses || text === '{}') return;
    lastLosses = text;
    log.warn('losses so far', losses);
  };

  /** In the node's own network another process may hold the port: seeing goes on, and the port is tried again. */
  const open = async (listener: PlainListener): Promise<void> => {
    try {
      await listener.start();
    } catch (error) {
      log.warn('metrics or health cannot be served yet', { error: (error as Error).message, retryMs: LISTEN_AGAIN_MS });
      timers.push(setTimeout(() => void open(listener), LISTEN_AGAIN_MS));
    }
  };

  /** Watches while it is another's turn; what is seen is held until the turns are known. */
  const takeTurn = async (current: Handover): Promise<void> => {
    gate.hold();
    const draining = setInterval(() => live.drain(), WAITING_DRAIN_MS);
    timers.push(draining);
    await current.start((since) => {
      clearInterval(draining);
      gate.open(since);
      // Its listeners are gone with its turn.
      for (const listener of listeners) void open(listener);
    });
  };

  /** Sees everything until now, nothing later, and says so to the successor. */
  const endTurn = async (current: Handover): Promise<void> => {
    const until = clock.now();
    if (!current.isWaiting) {
      live.endAt(until);
      await sleep(LAST_BLOCK_MS);
      live.drain();
      // The successor serves at the same addresses.
      for (const listener of listeners) await listener.stop();
    }
    current.release(until);
  };

  return {
    async start() {
      if (deps.source === undefined) rehearse();
      live.start();
      if (handover !== undefined) await takeTurn(handover);
      else for (const listener of listeners) await open(listener);
      sender.start();
      live.look();
      warnOfRights(log, view.counts());
      report();
      timers.push(
        setInterval(look, LOOK_EVERY_MS),
        setInterval(logLosses, LOSS_LOG_MS),
        // What the start took, once the compiler's threads are done with it; then what a load took.
        setTimeout(() => {
          releaseFreedMemory();
          releaseProgramPages();
        }, COMPILED_AFTER_MS),
        setInterval(release, RELEASE_EVERY_MS),
        setInterval(releaseProgramPages, RELEASE_PROGRAM_EVERY_MS),
      );
      log.info('sniffer started', { node: options.node, mapper: options.mapperUrl, addresses: view.nodeAddresses(), ...view.counts() });
    },
    async stop() {
      const hasSuccessor = handover?.isWaiting === false && (await handover.untilSuccessor(SUCCESSOR_WAIT_MS));
      for (const timer of timers) clearInterval(timer);
      clearTimeout(reportTimer);
      if (handover !== undefined) await endTurn(handover);
      live.finish();
      live.stop();
      await sender.stop(hasSuccessor ? HANDOVER_GRACE_MS : STOP_GRACE_MS);
      close();
      logLosses();
      for (const listener of listeners) await listener.stop();
    },
    metricsAddress: () => listeners[0]?.address() ?? { port: 0 },
  };
}

/** What listens on the node's own addresses, with the pod if the socket is a host-network pod's (rule 9). */
function listenersOf(live: LiveObserver, view: NodeView): NonNullable<Reporter['listeners']> {
  const found = new Map<string, NonNullable<Reporter['listeners']>[number]>();
  for (const { port, protocol, inode } of live.sockets.hostListeners()) {
    if (protocol === 'UDP' && port >= FIRST_EPHEMERAL_PORT) continue;
    const podUid = view.ownerOfSocket(inode);
    const key = `${protocol}/${port}`;
    if (found.size >= MAX_LISTENERS && !found.has(key)) continue;
    if (podUid !== undefined || !found.has(key)) found.set(key, { port, protocol, ...(podUid === undefined ? {} : { podUid }) });
  }
  return [...found.values()];
}

interface MetricSources {
  readonly source: CaptureSource;
  readonly view: NodeView;
  readonly live: LiveObserver;
  readonly sender: ReportSender;
  readonly byKind: Readonly<Record<string, number>>;
}

function collectMetrics({ source, view, live, sender, byKind }: MetricSources): MetricValues {
  const capture = source.stats();
  const node = view.counts();
  const reports = sender.stats();
  const { sockets, pipeline } = live;
  const cpu = process.cpuUsage();
  return {
    frames: capture.frames,
    kernelDrops: capture.dropped,
    overruns: capture.overruns,
    ringBytes: capture.ringBytes,
    undecoded: pipeline.decoder.counts,
    observer: { ...live.observer.counts, copies: pipeline.copies },
    dnsStreams: { ...pipeline.streams.counts },
    processes: node.processes,
    namespaces: node.namespaces,
    processScans: node.scans,
    processDenied: node.denied,
    attributionEvictions: node.evictions,
    connections: sockets.observer.counts.connections,
    hostAttempts: { ...live.hostAttempts.counts },
    socketTables: sockets.counts.tableReads,
    socketProblems: {
      malformed: sockets.counts.malformed,
      overflow: sockets.observer.counts.overflow,
      unreadable: sockets.counts.unreadable,
      processes: node.overflow,
    },
    observations: byKind,
    reports: reports.sent,
    reportFailures: reports.failures,
    acknowledged: reports.acknowledgedRows,
    losses: reports.losses,
    spoolMessages: reports.messages,
    spoolMemory: reports.memoryBytes,
    spoolDisk: reports.diskBytes,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    socketscanReported: byKind['socket'] ?? 0,
    dnsReported: byKind['dns'] ?? 0,
  };
}
