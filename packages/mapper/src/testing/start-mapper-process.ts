import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A whole mapper in a process of its own, so that it can be killed. */
export interface MapperProcess {
  /** Address of its queries. */
  readonly url: string;
  /** Ends it at once (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends it in order; its exit code. */
  stop(): Promise<number | null>;
}

export async function startMapperProcess(args: readonly string[]): Promise<MapperProcess> {
  const main = fileURLToPath(new URL('mapper-process-main.ts', import.meta.url));
  const own = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--auth', 'none'];
  const child = spawn(process.execPath, [main, ...own, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const ready = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    const entry = JSON.parse(line) as { readonly msg?: string; readonly query?: string };
    if (entry.msg === 'ready' && entry.query !== undefined) ready.resolve(entry.query);
  });
  void exited.then(() => ready.reject(new Error('the mapper ended before it was ready')));
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    url: `http://${await ready.promise}/query`,
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}
