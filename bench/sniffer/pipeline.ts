/**
 * CPU time of the sniffer's own code per 100,000 frames, without the kernel: `node bench/sniffer/pipeline.ts [rounds]`.
 * The mix of frames.ts (5,000 names, 1,000 clients, 20 % CNAME, 20 % IPv6, each frame twice) go through
 * pipeline, observer, owners and report writer; each message is made to the bytes that would be sent.
 */
import { gzipSync } from 'node:zlib';
import type { CapturedFrame, CaptureSource } from '../../packages/sniffer/src/capture/capture-source.ts';
import { createLiveObserver } from '../../packages/sniffer/src/observe/live-observer.ts';
import { createOwnProtocol } from '../../packages/sniffer/src/report/own-protocol.ts';
import type { NodeView } from '../../packages/sniffer/src/proc/node-view.ts';
import { createMix } from './frames.ts';
import type { MixKind } from './frames.ts';

const ROUNDS = Number(process.argv[2] ?? 150);
const KINDS: readonly MixKind[] = process.argv[3] === undefined ? ['dns', 'many', 'syn'] : [process.argv[3] as MixKind];
/** Frames written at a time. */
const FRAMES = 32_768;
/** Frames between two reports: one second of 200,000 frames/s. */
const FRAMES_PER_REPORT = 200_000;

const pods = new Map<string, string>();
const view: NodeView = {
  scan: () => undefined,
  namespaces: () => [],
  folderOf: () => undefined,
  podOf: (address) => {
    const known = pods.get(address);
    if (known !== undefined) return known;
    const uid = `1f1f1f1f-0000-4000-8000-${String(pods.size).padStart(12, '0')}`;
    pods.set(address, uid);
    return uid;
  },
  isLocal: () => true,
  nodeAddresses: () => ['192.0.2.1'],
  ownerOfSocket: () => undefined,
  findSocketOwners: () => undefined,
  haveOwnCgroups: () => false,
  addressesWith: () => [],
  counts: () => ({ processes: 0, namespaces: 0, denied: 0, overflow: 0, evictions: 0, scans: 0 }),
};
const source: CaptureSource = {
  start: () => undefined,
  stop: () => undefined,
  setDnsPorts: () => undefined,
  drain: () => 0,
  stats: () => ({ frames: 0, dropped: 0, overruns: 0, ringBytes: 0, drains: 0 }),
};

for (const kind of KINDS) measure(kind);

function measure(kind: MixKind): void {
  let now = Date.now();
  let rows = 0;
  let bytes = 0;
  let reports = 0;
  const protocol = createOwnProtocol();
  const send = (): void => {
    let sequence = 0;
    for (const message of protocol.finish({ kind: 'sniffer', instance: 'bench', version: '0' }, () => (sequence += 1), now)) {
      rows += message.rows;
      reports += 1;
      bytes += gzipSync(protocol.toBody(message.payload, now), { level: 1 }).length;
    }
  };
  const live = createLiveObserver(
    {
      source,
      view,
      clock: { now: () => now },
      cpuMs: () => 0,
      onObservation: (observation) => {
        if (protocol.add(observation)) return;
        send();
        protocol.add(observation);
      },
    },
    { dnsPorts: [53], seed: 12345 },
  );
  live.start();
  const mix = createMix(kind, { count: FRAMES, copies: 2, hasEthernet: false });
  const frame: CapturedFrame = {
    at: 0,
    bytes: mix.bytes,
    offset: 0,
    length: 0,
    wireLength: 0,
    interfaceIndex: 1,
    etherType: 0x0800,
    packetType: 0,
  };
  const packets: number[] = [];
  const reportings: number[] = [];
  let sinceReport = 0;
  let frames = 0;
  for (let round = 0; round < ROUNDS; round++) {
    mix.fill();
    const before = process.cpuUsage();
    for (let i = 0; i < mix.count; i++) {
      frame.offset = mix.offsets[i] ?? 0;
      frame.length = mix.lengths[i] ?? 0;
      frame.at = now + i * 0.005;
      live.pipeline.frame(frame);
    }
    packets.push((cpuSince(before) / mix.count) * 100_000);
    now += mix.count * 0.005;
    frames += mix.count;
    sinceReport += mix.count;
    if (sinceReport < FRAMES_PER_REPORT) continue;
    const beforeReport = process.cpuUsage();
    live.drain();
    send();
    reportings.push((cpuSince(beforeReport) / sinceReport) * 100_000);
    sinceReport = 0;
  }
  const { counts } = live.observer;
  process.stdout.write(
    `${kind.padEnd(5)} ms per 100,000 frames: packets ${spread(packets)}, ` +
      `report ${spread(reportings)}; ${frames} frames, ${counts.dnsTransactions} lookups, ` +
      `${counts.tcpAttempts} attempts, ${rows} rows, ${bytes} bytes in ${reports} reports\n`,
  );
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1_000;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${(sorted[0] ?? 0).toFixed(1)} / ${(sorted[Math.floor(sorted.length / 4)] ?? 0).toFixed(1)} / ${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1)} / ${(sorted.at(-1) ?? 0).toFixed(1)}`;
}
