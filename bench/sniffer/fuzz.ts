/**
 * Mutated frames through the live path (pipeline, observer, owners, report writer): `node bench/sniffer/fuzz.ts [frames]`,
 * 10 million unless told. Fails when anything throws; prints how memory grew after the tables had filled.
 */
import type { CapturedFrame } from '../../packages/sniffer/src/capture/capture-source.ts';
import { createLiveObserver } from '../../packages/sniffer/src/observe/live-observer.ts';
import { createOwnProtocol } from '../../packages/sniffer/src/report/own-protocol.ts';
import { createHeapKeeper } from '../../packages/runtime/src/trim-heap.ts';
import { createMix } from './frames.ts';

const FRAMES = Number(process.argv[2] ?? 10_000_000);
const protocol = createOwnProtocol();
let sequence = 0;
let now = Date.now();
let rows = 0;
const seal = (): void => {
  for (const message of protocol.finish({ kind: 'sniffer', instance: 'fuzz', version: '0' }, () => (sequence += 1), now)) {
    rows += message.rows;
    protocol.toBody(message.payload, now);
  }
};
const live = createLiveObserver(
  {
    source: {
      start: () => undefined,
      stop: () => undefined,
      setDnsPorts: () => undefined,
      drain: () => 0,
      stats: () => ({ frames: 0, dropped: 0, overruns: 0, ringBytes: 0, drains: 0 }),
    },
    view: {
      scan: () => undefined,
      namespaces: () => [],
      folderOf: () => undefined,
      podOf: () => undefined,
      isLocal: () => true,
      nodeAddresses: () => ['192.0.2.1', '10.244.0.1'],
      ownerOfSocket: () => undefined,
      findSocketOwners: () => undefined,
      haveOwnCgroups: () => false,
      addressesWith: () => [],
      counts: () => ({ processes: 0, namespaces: 0, denied: 0, overflow: 0, evictions: 0, scans: 0 }),
    },
    clock: { now: () => now },
    cpuMs: () => 0,
    onObservation: (observation) => {
      if (protocol.add(observation)) return;
      seal();
      protocol.add(observation);
    },
  },
  { dnsPorts: [53], seed: 1 + Math.floor(Math.random() * 0x7fff_fffe) },
);
live.start();
/** As the service does. */
const heap = createHeapKeeper(8 * 1024 * 1024);

/** xorshift32: quick, and told with the result so that a failure can be had again. */
const startState = Math.floor(Math.random() * 0x7fff_ffff) | 1;
let state = startState;
const random = (below: number): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
};

const mixes = (['dns', 'many', 'syn'] as const).map((kind) => createMix(kind, { count: 32_768, copies: 2, hasEthernet: false }));
const frame: CapturedFrame = {
  at: 0,
  bytes: new Uint8Array(0),
  offset: 0,
  length: 0,
  wireLength: 0,
  interfaceIndex: 0,
  etherType: 0,
  packetType: 0,
};
const startedAt = performance.now();
let done = 0;
let settledRss = 0;
try {
  while (done < FRAMES) {
    const mix = mixes[random(mixes.length)];
    if (mix === undefined) break;
    mix.fill();
    frame.bytes = mix.bytes;
    for (let i = 0; i < mix.count; i++) {
      frame.offset = mix.offsets[i] ?? 0;
      const length = mix.lengths[i] ?? 0;
      for (let changes = random(6); changes > 0; changes--) mix.bytes[frame.offset + random(length)] = random(256);
      frame.length = random(8) === 0 ? random(length + 1) : length;
      frame.etherType = random(50) === 0 ? 0x8100 : 0x0800;
      frame.interfaceIndex = random(100_000);
      frame.at = now + i * 0.01 - (random(1_000) === 0 ? random(1e9) : 0);
      live.pipeline.frame(frame);
    }
    now += mix.count * 0.01;
    done += mix.count;
    if (random(4) === 0) {
      live.drain();
      seal();
      heap.look();
    }
    if (settledRss === 0 && done > FRAMES / 3) settledRss = process.memoryUsage.rss();
  }
} catch (error) {
  process.stderr.write(`failed after ${done} frames, random state ${startState}\n`);
  throw error;
}
const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
process.stdout.write(
  `${done} mutated frames in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, nothing thrown, ${rows} rows; RSS after a third ` +
    `${mib(settledRss)} MiB, at the end ${mib(process.memoryUsage.rss())} MiB; ${JSON.stringify(live.observer.counts)}\n`,
);
