import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface KillableWriter {
  /** Resolves when the process has acknowledged `count` more times. */
  acknowledged(count: number): Promise<void>;
  /** Ends it with SIGKILL; the last number that it acknowledged. */
  kill(): Promise<number>;
}

/** A real process that writes until it is killed. */
export function startWriter(url: string, instance: string): KillableWriter {
  const child = spawn(process.execPath, [fileURLToPath(new URL('write-forever.ts', import.meta.url)), url, instance], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let wanted = 0;
  let reached: () => void = () => undefined;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    last = Number(line);
    wanted -= 1;
    if (wanted <= 0) reached();
  });
  const closed = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return {
    acknowledged: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      wanted = count;
      reached = resolve;
      await Promise.race([promise, closed.then(() => Promise.reject(new Error('the writer ended by itself')))]);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
      return last;
    },
  };
}
