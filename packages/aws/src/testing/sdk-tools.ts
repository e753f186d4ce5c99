import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = process.env['AWS_TEST_CACHE'] ?? join(homedir(), '.cache', 'network-mapper-aws-test');
const PYTHON_PACKAGES = ['boto3==1.44.5', 'moto[server]==5.2.5'];
const NODE_PACKAGES = ['@aws-sdk/client-s3@3', '@aws-sdk/client-sqs@3', '@aws-sdk/client-dynamodb@3'];
const MAX_START_MS = 60_000;

export interface SdkTools {
  readonly python: string;
  readonly motoServer: string;
  /** Where programs that import the JavaScript SDK must be. */
  readonly nodeFolder: string;
}

/** Installs the SDKs and the mock once, with pip and npm; later runs find them. */
export async function loadSdkTools(): Promise<SdkTools> {
  const [venv, nodeFolder] = [join(CACHE, 'venv'), join(CACHE, 'node')];
  await mkdir(nodeFolder, { recursive: true });
  const python = join(venv, 'bin', 'python');
  if (!existsSync(join(venv, 'bin', 'moto_server'))) {
    await run('python3', ['-m', 'venv', venv]);
    await run(python, ['-m', 'pip', 'install', '-q', ...PYTHON_PACKAGES]);
  }
  if (!existsSync(join(nodeFolder, 'node_modules', '@aws-sdk', 'client-dynamodb'))) {
    await writeFile(join(nodeFolder, 'package.json'), '{"type":"module","private":true}');
    await run('npm', ['install', '--no-audit', '--no-fund', ...NODE_PACKAGES], { cwd: nodeFolder });
  }
  return { python, motoServer: join(venv, 'bin', 'moto_server'), nodeFolder };
}

export interface Pod {
  /** Nameservers, in order, as in /etc/resolv.conf. */
  readonly nameservers: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Starts a program as a pod would: with a resolv.conf of its own (a mount namespace; needs root) and these variables. */
export async function startInPod({ nameservers, env, folder }: Pod, command: readonly string[]): Promise<ChildProcess> {
  const file = join(folder, `resolv-${nameservers.join('-')}.conf`);
  await writeFile(file, `${nameservers.map((server) => `nameserver ${server}`).join('\n')}\noptions ndots:5 timeout:1\n`);
  const script = `mount --bind ${file} /etc/resolv.conf && exec "$@"`;
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'pod', ...command], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs it to its end; gives everything it printed. */
export async function runInPod(pod: Pod, command: readonly string[]): Promise<string> {
  const child = await startInPod(pod, command);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  await new Promise((done) => child.once('close', done));
  return text;
}

/** Waits until somebody listens there. */
export async function untilOpen(port: number, host: string): Promise<void> {
  const deadline = Date.now() + MAX_START_MS;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error(`nobody listens at ${host}:${port}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}
