import { spawnSync } from 'node:child_process';

export interface ProcessCost {
  readonly wallMs: number;
  /** User and system time, which a busy machine changes less than the wall time. */
  readonly cpuMs: number;
  readonly exitCode: number;
  readonly stdout: string;
}

/** Runs a program to its end. Node.js does not tell what its children cost, so bash measures (its `time`). */
export function measureProcess(file: string, args: readonly string[]): ProcessCost {
  const script = `TIMEFORMAT='%R %U %S'; time "$@" 2>/dev/null`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', file, ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [wall, user, system] = stderr.trim().split(' ').map(Number);
  if (wall === undefined || user === undefined || system === undefined) throw new Error(`bash's time said ${JSON.stringify(stderr)}`);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, exitCode: status ?? -1, stdout };
}
