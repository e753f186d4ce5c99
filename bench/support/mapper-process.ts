import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { bundleMapper } from './bundle-mapper.ts';

/** A mapper in a process of its own, so that its CPU time and memory are its own. */
export interface MapperProcess {
  readonly pid: number;
  readonly url: string;
  readonly readyMs: number;
  /** What the mapper itself says its start took: without loading the program. */
  readonly startMs: number;
  /** CPU time so far, seconds; resident memory now and at its highest, bytes. */
  usage(): { readonly cpuSeconds: number; readonly rssBytes: number; readonly peakBytes: number };
  stop(): Promise<void>;
}

/** Linux counts CPU time in ticks of 10 ms (sysconf(_SC_CLK_TCK), 100 on every architecture of today). */
const TICKS_PER_SECOND = 100;

export async function startMapper(args: readonly string[]): Promise<MapperProcess> {
  const script = await bundleMapper();
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...(process.env['NM_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== ''),
      script,
      '--listen',
      '127.0.0.1:0',
      '--metrics-listen',
      '127.0.0.1:0',
      '--auth',
      'none',
      ...args,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // As the image has it (tools/image-files.ts).
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    },
  );
  const { query, startMs } = await readyLine(child);
  return {
    pid: child.pid ?? 0,
    url: `http://${query}/query`,
    startMs,
    readyMs: performance.now() - startedAt,
    usage: () => readUsage(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function readyLine(child: ChildProcess): Promise<{ readonly query: string; readonly startMs: number }> {
  if (child.stdout === null) throw new Error('the mapper has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg?: string; query?: string; startMs?: number };
    if (entry.msg === 'ready' && entry.query !== undefined) {
      child.stdout.resume();
      return { query: entry.query, startMs: entry.startMs ?? 0 };
    }
  }
  throw new Error('the mapper ended before it was ready');
}

function readUsage(pid: number): { cpuSeconds: number; rssBytes: number; peakBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssBytes: kilobytes('VmRSS') * 1_024,
    peakBytes: kilobytes('VmHWM') * 1_024,
  };
}
