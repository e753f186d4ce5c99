/**
 * A node with one pod, and the sniffer on it: `node scenario.js FOLDER`, as root in namespaces of its own for network
 * and processes. FOLDER holds network-mapper.js, client.js and dns-server.js as bundles. Prints what the sniffer printed,
 * reported and wrote as one line of JSON.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createListener } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { POD_UID } from './pod-uid.ts';

/** What a scenario printed. */
export interface ScenarioResult {
  readonly arch: string;
  readonly node: string;
  readonly kernel: string;
  /** Lines of `sniffer --print --format json`. */
  readonly lines: readonly ScenarioLine[];
  /** What a mapper was sent, by kind; and the sniffer's own metrics after it. */
  readonly reported: { readonly dns: number; readonly tcp: number };
  readonly metrics: string;
  /** Length of what `capture` wrote, and its first bytes. */
  readonly captured: { readonly bytes: number; readonly magic: string; readonly summary: string };
}

export interface ScenarioLine {
  readonly kind: string;
  readonly vantage: string;
  readonly count: number;
  readonly source: Readonly<Record<string, unknown>>;
  readonly destination: Readonly<Record<string, unknown>>;
}

const [folder = '.'] = process.argv.slice(2);
const ADDRESS = '10.77.0.1';
const ADDRESS6 = 'fd77::1';
/** A machine that is emulated takes its time. */
const PATIENCE_MS = 200_000;
const CGROUP_ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup', '/sys/fs/cgroup/pids'];

const children: ChildProcess[] = [];
const cgroup = `${CGROUP_ROOTS.find((root) => existsSync(`${root}/cgroup.procs`)) ?? ''}/nm-arm64-pod${POD_UID}`;
mkdirSync(cgroup, { recursive: true });
try {
  const result = await run();
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await waitUntil(hasRemovedCgroup).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
}
process.exit();

async function run(): Promise<ScenarioResult> {
  // Inside the pod's cgroup, as its first process.
  const pause = start(['unshare', '-n', 'sh', '-c', 'echo ready; exec sleep 1000'], true);
  await output(pause, 'ready');
  connectPod(pause.pid ?? 0);
  for (const port of [8_080, 8_081]) {
    const listener = createListener((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => listener.listen(port, '::', resolve));
  }
  await output(start([process.execPath, `${folder}/dns-server.js`]), 'ready');

  const printer = start([process.execPath, `${folder}/network-mapper.js`, 'sniffer', '--print', '--format', 'json']);
  const printed = collect(printer);
  await output(printer, 'capturing', 'stderr');
  const mapper = await startMapper();
  const urls = ['--mapper-url', `http://127.0.0.1:${mapper.port}`, '--metrics-listen', '127.0.0.1:2112'];
  const reporter = start([process.execPath, `${folder}/network-mapper.js`, 'sniffer', ...urls]);
  await output(reporter, 'sniffer started');
  const file = `${folder}/out.pcapng`;
  const capture = start([process.execPath, `${folder}/network-mapper.js`, 'capture', '-o', file, '--duration', '1h']);
  const summary = collect(capture, 'stderr');
  await waitUntil(() => existsSync(file) && readFileSync(file).length > 0);

  const inPod = ['nsenter', '-t', String(pause.pid), '-n'];
  await output(start([...inPod, process.execPath, `${folder}/client.js`, ADDRESS, ADDRESS6], true), 'done');
  const lines = (): ScenarioLine[] => parseLines(printed.text);
  await waitUntil(() => lines().some(({ destination }) => destination['port'] === 9_003), 'the attempt that nobody answers');
  const isLasting = ({ kind, destination }: ScenarioLine): boolean => kind === 'socket' && destination['port'] === 8_081;
  await waitUntil(
    () =>
      new Set(
        lines()
          .filter(isLasting)
          .map(({ vantage }) => vantage),
      ).size === 2,
    'both ends of what stays open',
  );
  await waitUntil(() => mapper.reported.dns >= 5 && mapper.reported.tcp >= 4);
  const metrics = await (await fetch('http://127.0.0.1:2112/metrics')).text();
  await Promise.all([printer, reporter, capture].map(ended));
  const bytes = readFileSync(file);
  rmSync(file);
  return {
    arch: process.arch,
    node: process.version,
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'latin1').trim(),
    lines: lines(),
    reported: mapper.reported,
    metrics,
    captured: { bytes: bytes.length, magic: bytes.toString('hex', 0, 4), summary: summary.text.trim() },
  };
}

function parseLines(text: string): ScenarioLine[] {
  const complete = text.split('\n').slice(0, -1);
  return complete.map((line) => JSON.parse(line) as ScenarioLine);
}

/** Possible once its processes are reaped. */
function hasRemovedCgroup(): boolean {
  try {
    rmdirSync(cgroup);
    return true;
  } catch {
    return false;
  }
}

/** A pair of virtual interfaces between the node and the pod. Only what also busybox can do. */
function connectPod(pid: number): void {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  const inPod = (...args: readonly string[]): void => void execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', ...args]);
  writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0');
  ip('link', 'set', 'lo', 'up');
  // The kernel names the other end.
  ip('link', 'add', 'node0', 'type', 'veth');
  ip('link', 'set', 'veth0', 'netns', String(pid));
  ip('addr', 'add', `${ADDRESS}/24`, 'dev', 'node0');
  ip('link', 'set', 'node0', 'up');
  ip('addr', 'add', `${ADDRESS6}/64`, 'dev', 'node0');
  inPod('link', 'set', 'lo', 'up');
  inPod('addr', 'add', '10.77.0.2/24', 'dev', 'veth0');
  inPod('link', 'set', 'veth0', 'up');
  inPod('addr', 'add', 'fd77::2/64', 'dev', 'veth0');
  inPod('route', 'add', 'default', 'via', ADDRESS);
}

function start(command: readonly string[], isPod = false): ChildProcess {
  const [program = '', ...args] = isPod ? ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, ...command] : command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (piece: Buffer) => process.stderr.write(piece));
  children.push(child);
  return child;
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr' = 'stdout'): { text: string } {
  const collected = { text: '' };
  child[from]?.on('data', (piece: Buffer) => (collected.text += piece.toString()));
  return collected;
}

async function output(child: ChildProcess, text: string, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
  const collected = collect(child, from);
  await waitUntil(() => collected.text.includes(text), `${child.spawnargs.join(' ')} to print "${text}"`);
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  await exit;
}

async function waitUntil(isTrue: () => boolean, what = isTrue.toString()): Promise<void> {
  for (const startedAt = performance.now(); !isTrue();) {
    if (performance.now() - startedAt > PATIENCE_MS) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Takes every report and counts what is in it. */
async function startMapper(): Promise<{ readonly port: number; readonly reported: { dns: number; tcp: number } }> {
  const reported = { dns: 0, tcp: 0 };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { variables } = JSON.parse(gunzipSync(Buffer.concat(pieces)).toString()) as {
        variables: { batch: { observations: readonly (readonly number[])[] } };
      };
      const { observations } = variables.batch;
      // Columns of packages/api/src/report/format.ts: the kind, the count.
      for (const row of observations) {
        if (row[0] === 0) reported.dns += row[13] ?? 0;
        if (row[0] === 1) reported.tcp += row[13] ?? 0;
      }
      const report = { stored: observations.length, rejected: [], retryAfterMs: 0, settings: { dnsPorts: [53], reportIntervalMs: 1_000 } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { report } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, reported };
}
