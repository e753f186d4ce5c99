/**
 * What the sniffer costs: `node bench/sniffer/main.ts [seconds] [KIND:RATE…]`, as root. Works in a network namespace of
 * its own, with the sniffer as a bundle, a sink as its mapper, and a generator in another process. Prints a line per
 * load; kinds are `dns`, `many` (50 names for each client) and `syn`, rates frames per second as seen. CPU time is that of
 * the whole load with the reports that follow it and twelve seconds of rest, and, as `steady`, that of the load without
 * its first seconds, reports included. The first load finds code that was never run before: it is there to be left out.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleSniffer } from './bundle.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const LOADS = ['dns:200000', 'dns:200000', 'many:200000', 'dns:800000', 'syn:200000', 'syn:800000'];
/** Ring and tables have their size by then: from here on it goes on as it would for hours. */
const STEADY_AFTER_MS = 4_000;
/** The engine compiles and collects for a while after the start. */
const SETTLE_MS = 20_000;
const isInside = process.env['NM_BENCH_INSIDE'] === '1';

if (isInside) await measureAll();
else enter();

/** Namespaces of its own for network and processes: what else runs on the machine is not the sniffer's load. */
function enter(): void {
  execFileSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, NM_BENCH_INSIDE: '1' },
  });
}

async function measureAll(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 15);
  const loads = process.argv.length > 3 ? process.argv.slice(3) : LOADS;
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'bench0', 'type', 'veth', 'peer', 'name', 'bench1');
  for (const device of ['bench0', 'bench1']) ip('link', 'set', device, 'up');
  const folder = mkdtempSync(`${tmpdir()}/nm-bench-`);
  const children: ChildProcess[] = [];
  try {
    const bundle = await bundleSniffer(folder);
    const sink = spawn(process.execPath, [`${here}sink.ts`], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(sink);
    const port = Number(await firstLine(sink));
    const start = async (): Promise<ChildProcess> => {
      const sniffer = spawn(
        process.execPath,
        [
          '--max-semi-space-size=1',
          bundle,
          '--mapper-url',
          `http://127.0.0.1:${port}`,
          '--metrics-listen',
          '127.0.0.1:2112',
          '--log-level',
          'warn',
        ],
        { stdio: 'inherit' },
      );
      children.push(sniffer);
      await untilServing();
      return sniffer;
    };
    const sniffer = await start();
    await sleep(SETTLE_MS);
    await measure('idle', sniffer, async () => {
      await sleep(10_000);
      return undefined;
    });
    for (const load of loads) {
      const [kind = '', rate = ''] = load.split(':');
      await measure(`${kind} ${rate}/s`, sniffer, () => generate(kind, rate, seconds), port);
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Generated {
  readonly frames: number;
  readonly seconds: number;
  readonly lookups: number;
  readonly attempts: number;
}

async function measure(name: string, sniffer: ChildProcess, load: () => Promise<Generated | undefined>, sinkPort?: number): Promise<void> {
  const pid = sniffer.pid ?? 0;
  const before = await read(sinkPort);
  const cpuBefore = cpuTime(pid);
  const startedAt = performance.now();
  const loading = load();
  await sleep(STEADY_AFTER_MS);
  const steadyFrom = { cpu: cpuTime(pid), frames: (await read(sinkPort)).frames };
  const generated = await loading;
  const elapsed = (performance.now() - startedAt) / 1_000;
  const atLoad = memory(pid);
  const steadyCpu = total(cpuTime(pid)) - total(steadyFrom.cpu);
  const steadyFrames = (await read(sinkPort)).frames - steadyFrom.frames;
  if (generated !== undefined) await sleep(12_000);
  const spent = cpuTime(pid);
  const [user, system] = [spent.user - cpuBefore.user, spent.system - cpuBefore.system];
  const cpu = user + system;
  const after = await read(sinkPort);
  const frames = after.frames - before.frames;
  const perFrames = (ms: number, of = frames): string => ((ms / of) * 100_000).toFixed(1);
  const line = [
    name.padEnd(14),
    `CPU ${((cpu / elapsed / 1_000) * 100).toFixed(2)} %`,
    `RSS ${mib(atLoad.rss)} (anonymous ${mib(atLoad.anonymous)})`,
  ];
  if (generated !== undefined) {
    line.push(
      `sent ${Math.round(generated.frames / generated.seconds)} frames/s`,
      `seen ${((frames / generated.frames) * 100).toFixed(2)} %`,
      `kernel drops ${after.drops - before.drops}`,
      `${perFrames(cpu)} ms per 100,000 frames (system ${perFrames(system)}), steady ${perFrames(steadyCpu, steadyFrames)}`,
      `reported ${generated.lookups > 0 ? after.dns - before.dns : after.tcp - before.tcp} of ${generated.lookups + generated.attempts} in ${after.rows - before.rows} rows`,
    );
  }
  process.stdout.write(`${line.join(', ')}\n`);
}

async function generate(kind: string, rate: string, seconds: number): Promise<Generated> {
  const index = readFileSync('/proc/net/if_inet6', 'latin1')
    .split('\n')
    .find((line) => line.endsWith('bench0'))
    ?.split(' ')[1];
  const child = spawn(process.execPath, [`${here}generate.ts`, String(Number.parseInt(index ?? '0', 16)), rate, String(seconds), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await firstLine(child)) as Generated;
}

interface Reading {
  readonly frames: number;
  readonly drops: number;
  readonly dns: number;
  readonly tcp: number;
  readonly rows: number;
}

async function read(sinkPort: number | undefined): Promise<Reading> {
  const text = await (await fetch('http://127.0.0.1:2112/metrics')).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  const sink =
    sinkPort === undefined ? { dns: 0, tcp: 0, rows: 0 } : ((await (await fetch(`http://127.0.0.1:${sinkPort}/`)).json()) as Reading);
  return { ...sink, frames: value('network_mapper_sniffer_frames_total'), drops: value('network_mapper_sniffer_kernel_drops_total') };
}

async function untilServing(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await fetch('http://127.0.0.1:2112/healthz').then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('the sniffer does not serve its metrics');
}

async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (piece: Buffer) => resolve(piece.toString().trim()));
    child.once('exit', () => reject(new Error('a process of the benchmark ended early')));
  });
}

/** User and system time of a process, milliseconds; clock ticks are 10 ms on Linux. */
function cpuTime(pid: number): { readonly user: number; readonly system: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return { user: Number(fields[11]) * 10, system: Number(fields[12]) * 10 };
}

function total({ user, system }: { readonly user: number; readonly system: number }): number {
  return user + system;
}

function memory(pid: number): { readonly rss: number; readonly anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { rss: kib('VmRSS'), anonymous: kib('RssAnon') };
}

function mib(kib: number): string {
  return `${(kib / 1024).toFixed(1)} MiB`;
}
