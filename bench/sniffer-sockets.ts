/**
 * What open sockets cost the sniffer: `node bench/sniffer-sockets.ts [namespaces] [sockets] [seconds]`, as root. Works in
 * namespaces of its own (60, with 20,000 sockets and 200 processes unless told); each holds connections to itself. First
 * all of them rest, then each namespace opens and closes connections all the time. The process list is its own as well.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleSniffer } from './sniffer/bundle.ts';

const [namespaces = 60, sockets = 20_000, seconds = 15] = process.argv.slice(2).map(Number);
const PROCESSES = 200;
const isInside = process.env['NM_BENCH_INSIDE'] === '1';

/** Opens connections to itself: half of the sockets are clients, half the accepted ends. Writes a line when they are open. */
const HOLD = `
const net = require('node:net');
const [count, churn] = process.argv.slice(1).map(Number);
const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
const open = () => new Promise((resolve) => {
  const socket = net.connect({ port: server.address().port, host: '127.0.0.1' }, () => resolve(socket));
  socket.on('error', () => resolve(socket));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, async () => {
  for (let i = 0; i < count; i++) await open();
  process.stdout.write('open\\n');
  process.on('SIGUSR2', () => setInterval(async () => { for (let i = 0; i < churn; i++) (await open()).destroy(); }, 1000));
});`;

if (isInside) await measure();
else {
  execFileSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, NM_BENCH_INSIDE: '1' },
  });
}

async function measure(): Promise<void> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(`${tmpdir()}/nm-bench-`);
  try {
    const bundle = await bundleSniffer(folder);
    const perNamespace = Math.floor(sockets / namespaces / 2);
    const holders: ChildProcess[] = [];
    for (let i = 0; i < namespaces; i++) {
      const command = 'ip link set lo up; exec "$0" "$@"';
      const holder = spawn('unshare', ['--net', 'sh', '-c', command, process.execPath, '-e', HOLD, String(perNamespace), '20'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      holders.push(holder);
      children.push(holder);
      // One after the other: each start takes a core.
      await new Promise((resolve) => holder.stdout?.once('data', resolve));
    }
    for (let i = namespaces; i < PROCESSES; i++) children.push(spawn('sleep', ['1000'], { stdio: 'ignore' }));
    const options = ['--mapper-url', 'http://127.0.0.1:9', '--metrics-listen', '127.0.0.1:0', '--log-level', 'error'];
    const sniffer = spawn(process.execPath, ['--max-semi-space-size=1', bundle, ...options], { stdio: 'inherit' });
    children.push(sniffer);
    await sleep(20_000);
    await report(`${namespaces} namespaces, ${sockets} sockets, at rest`, sniffer);
    for (const holder of holders) holder.kill('SIGUSR2');
    // What all of them did at once is over.
    await sleep(20_000);
    await report(`${namespaces * 20} connections a second come and go`, sniffer);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function report(name: string, sniffer: ChildProcess): Promise<void> {
  const before = cpuMs(sniffer);
  const startedAt = performance.now();
  await sleep(seconds * 1_000);
  const share = (cpuMs(sniffer) - before) / (performance.now() - startedAt);
  const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${sniffer.pid}/status`, 'latin1'))?.[1];
  process.stdout.write(`${name}: CPU ${(share * 100).toFixed(2)} % of a core, RSS ${(Number(rss) / 1024).toFixed(1)} MiB\n`);
}

/** User and system time; clock ticks are 10 ms on Linux. */
function cpuMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
