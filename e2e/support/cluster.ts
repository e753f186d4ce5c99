import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CACHE = process.env['CACHE'] ?? join(homedir(), '.cache', 'network-mapper-cluster');
const MAX_OUTPUT = 256 * 1024 * 1024;
const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const CHART = join(ROOT, 'charts', 'network-mapper');
const SCRIPTS = join(ROOT, 'e2e', 'cluster');
const env = { ...process.env, KUBECONFIG: join(CACHE, 'state', 'kubeconfig'), HELM_CACHE_HOME: join(CACHE, 'helm') };

/** Whether Helm was built: tests of the chart alone need no cluster. */
export const hasHelm = (): boolean => existsSync(join(CACHE, 'bin', 'helm'));

/** Starts the test cluster, or does nothing when it runs (e2e/cluster/README.md). */
export async function startCluster(): Promise<void> {
  await command(join(SCRIPTS, 'up'), []);
}

export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  return command(join(CACHE, 'bin', 'kubectl'), args, input);
}

export async function helm(args: readonly string[]): Promise<string> {
  return command(join(CACHE, 'bin', 'helm'), args);
}

/** A command in a node's own namespaces. */
export async function inNode(node: string, args: readonly string[]): Promise<string> {
  return command(join(SCRIPTS, 'in-node'), [node, ...args]);
}

export async function loadImage(name: string, rootfs: string, config: object): Promise<void> {
  await command(join(SCRIPTS, 'image-load'), [name, rootfs, JSON.stringify(config)]);
}

export async function makeNodeRootfs(folder: string): Promise<void> {
  await command(join(SCRIPTS, 'node-rootfs'), [folder]);
}

/** Runs a program to its end and gives what it wrote; throws with its standard error. */
export async function command(program: string, args: readonly string[], input?: string): Promise<string> {
  const running = run(program, args, { env, maxBuffer: MAX_OUTPUT, cwd: ROOT });
  if (input !== undefined) running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stderr === undefined || stderr === '' ? String(error) : stderr}`, { cause: error });
  }
}

/** A port of this machine that leads to a Service's or pod's. */
export interface PortForward {
  readonly url: string;
  close(): Promise<void>;
}

/** `kubectl port-forward`, on a port that the system chooses. */
export async function portForward(namespace: string, target: string, port: number): Promise<PortForward> {
  const child: ChildProcess = spawn(join(CACHE, 'bin', 'kubectl'), ['-n', namespace, 'port-forward', target, `:${port}`], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('no output of kubectl');
  for await (const line of createInterface({ input: child.stdout })) {
    const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (local === undefined) continue;
    return {
      url: `http://127.0.0.1:${local}`,
      async close() {
        child.kill();
        await exited;
      },
    };
  }
  throw new Error(`kubectl port-forward ${target} ended`);
}

/** Asks again every `everyMs` until `look` gives something that is not undefined, or throws what it threw last. */
export async function eventually<T>(look: () => Promise<T | undefined>, timeoutMs: number, everyMs = 500): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure = new Error(`nothing within ${timeoutMs} ms`);
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      failure = error as Error;
    }
    if (Date.now() > deadline) throw failure;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The key with which the cluster signs tokens: to make one that nobody would give. */
export function tokenKeyFile(): string {
  return join(CACHE, 'state', 'pki', 'sa.key');
}
