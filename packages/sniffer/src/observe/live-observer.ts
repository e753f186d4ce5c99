import { createObserver } from '@nm/core';
import type { Clock, Observation, Observer } from '@nm/core';
import { decodeDnsAnswer } from '@nm/wire';
import type { CaptureSource } from '../capture/capture-source.ts';
import { ATTRIBUTION_SLACK_MS } from '../proc/attribution.ts';
import type { NodeView } from '../proc/node-view.ts';
import { createHostAttempts } from '../sockets/host-attempts.ts';
import type { HostAttempts } from '../sockets/host-attempts.ts';
import { createSocketDiag } from '../sockets/socket-diag.ts';
import { createSocketScanner } from '../sockets/socket-scanner.ts';
import type { SocketScanner } from '../sockets/socket-scanner.ts';
import { createLivePipeline } from './live-pipeline.ts';
import type { LivePipeline } from './live-pipeline.ts';
import { createAttributingSink, createNameFor, withName } from './to-observation.ts';

export interface LiveObserverDeps {
  readonly source: CaptureSource;
  readonly view: NodeView;
  readonly clock: Clock;
  /** CPU time of this process, milliseconds: what a read costs, however busy the machine is. */
  readonly cpuMs: () => number;
  readonly onObservation: (observation: Observation) => void;
}

export interface LiveObserverOptions {
  readonly dnsPorts: readonly number[];
  /** Random number against chosen hash collisions. */
  readonly seed: number;
}

/** Packets, sockets and owners of this node, joined to observations. */
export interface LiveObserver {
  start(): void;
  stop(): void;
  /** Hands out what is new since the last call; returns how many observations that were. */
  drain(): number;
  /** Whether anything waits for the next drain that was not seen within the last minute. */
  readonly hasNews: boolean;
  /** Looks at processes, open sockets and frames that no signal announced. About once a second, whatever the interval of reports. */
  look(): void;
  /** Frames captured later than this are another's. */
  endAt(at: number): void;
  /** Hands out everything, also attempts whose copies may still come. */
  finish(): void;
  setDnsPorts(ports: readonly number[]): void;
  readonly observer: Observer;
  readonly pipeline: LivePipeline;
  readonly sockets: SocketScanner;
  readonly hostAttempts: HostAttempts;
}

/** Tables of a live node (docs/limits.md): smaller than the offline map's, because a node sees its own traffic only. */
export const LIVE_LIMITS = {
  maxTransactions: 131_072,
  keepMs: 50,
  maxQuestions: 2_048,
  maxAnswers: 8_192,
  maxPairs: 65_536,
  maxFlows: 32_768,
  maxAttempts: 32_768,
  maxNames: 65_536,
  maxAddresses: 32_768,
  settleMs: 200,
} as const;

/** Looks caused by traffic: so many at once, and so many a second in the long run (each costs less than a millisecond). */
const LOOK_BURST = 8;
const LOOKS_PER_SECOND = 4;

export function createLiveObserver(deps: LiveObserverDeps, options: LiveObserverOptions): LiveObserver {
  const { source, view, clock } = deps;
  let handedOut = 0;
  const emit = (observation: Observation): void => {
    handedOut += 1;
    deps.onObservation(observation);
  };
  const diag = createSocketDiag();
  const hostAttempts = createHostAttempts({ view, diag, cpuMs: deps.cpuMs });
  const nameFor = createNameFor(
    (client, address, at) => observer.nameFor(client, address, at),
    (address, at) => {
      const known = view.addressesWith(address, at);
      if (known.length > 0 || hasLooked || !view.isLocal(address)) return known;
      // A pod that nobody looked at yet; once for all of them.
      hasLooked = true;
      scan(clock.now());
      return view.addressesWith(address, at);
    },
  );
  const sink = createAttributingSink(view, nameFor, (flow, until) => hostAttempts.take(flow, until), emit);
  const observer = createObserver({ decodeDnsAnswer, sink }, { ...LIVE_LIMITS, seed: options.seed });
  const pipeline = createLivePipeline(observer, options.dnsPorts, (bytes, packet) => hostAttempts.notice(bytes, packet));
  const sockets = createSocketScanner({
    view,
    diag,
    onPause: () => void source.drain(),
    cpuMs: deps.cpuMs,
    attemptsSeen: () => observer.counts.tcpAttempts,
  });
  let allowance = LOOK_BURST;
  /** Within this drain. */
  let hasLooked = false;
  let allowedAt = 0;
  /** Open connections of a new kind since the last drain. */
  let hasFound = false;
  let nodeAddresses: readonly string[] = [];
  let lastAt = Number.POSITIVE_INFINITY;
  let scannedAt = Number.NEGATIVE_INFINITY;

  const scan = (now: number): void => {
    view.scan(now);
    scannedAt = now;
    if (view.nodeAddresses() === nodeAddresses) return;
    nodeAddresses = view.nodeAddresses();
    observer.setNodeAddresses(nodeAddresses);
    hostAttempts.setNodeAddresses(nodeAddresses);
  };

  /** A pod that just began to talk may be gone within a second: its processes are looked at now. */
  const watch = (): void => {
    const now = clock.now();
    hostAttempts.resolve(now);
    if (!pipeline.watch.hasNew) return;
    allowance = Math.min(LOOK_BURST, allowance + ((now - allowedAt) * LOOKS_PER_SECOND) / 1000);
    allowedAt = now;
    if (allowance < 1) return;
    allowance -= 1;
    pipeline.watch.hasNew = false;
    scan(now);
  };

  return {
    observer,
    pipeline,
    sockets,
    hostAttempts,
    get hasNews() {
      return pipeline.edges.hasNew || hasFound;
    },
    start() {
      scan(clock.now());
      source.start((frame) => {
        if (frame.at <= lastAt) pipeline.frame(frame);
      }, watch);
    },
    stop() {
      source.stop();
    },
    look() {
      pipeline.edges.renew();
      // What no signal announced.
      source.drain();
      const now = clock.now();
      scan(now);
      for (const observation of sockets.poll(now)) emit(withName(observation, nameFor));
      if (sockets.hasNews) hasFound = true;
    },
    drain() {
      hasLooked = false;
      source.drain();
      const now = clock.now();
      hostAttempts.resolve(now);
      // A process that got no time to look knows of no owner since; the latest packets have one.
      if (now - scannedAt >= ATTRIBUTION_SLACK_MS) scan(now);
      const before = handedOut;
      // What did not settle yet is handed out by the next one.
      pipeline.edges.reported(now - LIVE_LIMITS.settleMs);
      hasFound = false;
      // Handing out what a busy node counted takes longer than the ring has room for.
      observer.drain(now, () => void source.drain());
      return handedOut - before;
    },
    endAt(at) {
      lastAt = at;
    },
    finish() {
      source.drain();
      observer.finish();
    },
    setDnsPorts(ports) {
      pipeline.setDnsPorts(ports);
      source.setDnsPorts(ports);
    },
  };
}
