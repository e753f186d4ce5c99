/**
 * A sniffer under load for long, its mapper away in between: `node bench/sniffer/long-run.ts [minutes] [away minutes]
 * [frames per second]`, as root. Prints memory and CPU time each minute, and at the end how many of the lookups arrived.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleSniffer } from './bundle.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const [minutes = 60, awayMinutes = 10, framesPerSecond = 20_000] = process.argv.slice(2).map(Number);
const SINK_PORT = 9_090;
const METRICS_PORT = 2_112;

if (process.env['NM_BENCH_INSIDE'] === '1') await measure();
else {
  execFileSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, NM_BENCH_INSIDE: '1' },
  });
}

async function measure(): Promise<void> {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'bench0', 'type', 'veth', 'peer', 'name', 'bench1');
  for (const device of ['bench0', 'bench1']) ip('link', 'set', device, 'up');
  const folder = mkdtempSync(`${tmpdir()}/nm-bench-`);
  const children: ChildProcess[] = [];
  const start = (...args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  try {
    const bundle = await bundleSniffer(folder);
    const urls = ['--mapper-url', `http://127.0.0.1:${SINK_PORT}`, '--metrics-listen', `127.0.0.1:${METRICS_PORT}`];
    const sniffer = start('--max-semi-space-size=1', bundle, ...urls, '--log-level', 'error');
    const startSink = async (): Promise<ChildProcess> => {
      const sink = start(`${here}sink.ts`, String(SINK_PORT));
      await firstLine(sink);
      return sink;
    };
    let sink = await startSink();
    await untilServing();
    const generator = start(`${here}generate.ts`, interfaceIndex('bench0'), String(framesPerSecond), String(minutes * 60), 'dns');
    const generated = firstLine(generator);
    const startedAt = performance.now();
    const elapsed = (): number => (performance.now() - startedAt) / 60_000;
    const untilMinute = async (end: number): Promise<void> => {
      while (elapsed() < end) {
        const [cpuBefore, since] = [cpuTimeMs(sniffer), performance.now()];
        await sleep(Math.min(60_000, Math.max(100, (end - elapsed()) * 60_000)));
        const cpu = ((cpuTimeMs(sniffer) - cpuBefore) / (performance.now() - since)) * 100;
        say(`${elapsed().toFixed(1)} min, RSS ${memory(sniffer)}, CPU ${cpu.toFixed(1)} %, ${await spool()}`);
      }
    };
    const before = (minutes - awayMinutes) / 2;
    await untilMinute(before);
    const last = firstLine(sink);
    sink.kill('SIGTERM');
    const { dns: heard } = JSON.parse(await last) as { readonly dns: number };
    say(`the mapper is away after ${heard} lookups`);
    await untilMinute(before + awayMinutes);
    sink = await startSink();
    say('the mapper is back');
    await untilMinute(minutes);
    const { lookups: sent } = JSON.parse(await generated) as { readonly lookups: number };
    await sleep(30_000);
    say(`RSS ${memory(sniffer)}, ${await spool()}; ${sent} lookups sent, ${await seen()} seen, ${heard + (await lookups())} arrived`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** It captures before it serves. */
async function untilServing(): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const isUp = await spool().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error('the sniffer does not serve its metrics');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function lookups(): Promise<number> {
  return ((await (await fetch(`http://127.0.0.1:${SINK_PORT}/`)).json()) as { readonly dns: number }).dns;
}

async function metrics(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
}

/** Lookups that the sniffer counted. */
async function seen(): Promise<number> {
  return Number(/outcome="dnsTransactions"\} (\d+)/.exec(await metrics())?.[1]);
}

/** What waits, what was lost, what the kernel dropped. */
async function spool(): Promise<string> {
  const text = await metrics();
  const value = (name: string): number =>
    [...text.matchAll(new RegExp(`^network_mapper_sniffer_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  return `${value('spool_messages')} reports wait in ${(value('spool_memory_bytes') / 1_048_576).toFixed(1)} MiB, ${value('lost_observations_total')} observations lost, ${value('kernel_drops_total')} frames dropped`;
}

async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (piece: Buffer) => resolve(piece.toString().trim()));
    child.once('exit', () => reject(new Error('a process of the benchmark ended early')));
  });
}

function interfaceIndex(name: string): string {
  const line = readFileSync('/proc/net/if_inet6', 'latin1')
    .split('\n')
    .find((one) => one.endsWith(name));
  return String(Number.parseInt(line?.split(' ')[1] ?? '0', 16));
}

function memory(child: ChildProcess): string {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  const mib = (key: string): string => (Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1_024).toFixed(1);
  return `${mib('VmRSS')} MiB (anonymous ${mib('RssAnon')})`;
}

/** User and system time; clock ticks are 10 ms on Linux. */
function cpuTimeMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
