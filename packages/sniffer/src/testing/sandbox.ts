import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CGROUP_ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup', '/sys/fs/cgroup/pids'];

/** A pod of the sandbox: a namespace on the node's bridge, and a cgroup with the pod's UID. */
export interface SandboxPod {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly address6: string;
  /** Runs a program in the pod and waits for it; its output. */
  run(...command: readonly string[]): string;
  /** Starts a program in the pod; resolved when it has printed something. */
  start(...command: readonly string[]): Promise<ChildProcess>;
}

/** A node made of network namespaces: a bridge with pods, as a simple CNI would make it. Needs root. */
export interface Sandbox {
  /** Name of the namespace that plays the node. */
  readonly node: string;
  pod(name: string): SandboxPod;
  /** Runs a program in the node's own namespace, in the cgroup of a host-network pod if a UID is given. */
  run(...command: readonly string[]): string;
  start(command: readonly string[], podUid?: string): Promise<ChildProcess>;
  close(): void;
}

const prefix = `nm${process.pid}`;

export function createSandbox(): Sandbox {
  const node = `${prefix}n`;
  const namespaces: string[] = [];
  const cgroups: string[] = [];
  const children: ChildProcess[] = [];
  const base = CGROUP_ROOTS.find((root) => existsSync(`${root}/cgroup.procs`));
  if (base === undefined) throw new Error('no cgroup hierarchy found');

  const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  const inside = (namespace: string, command: readonly string[], podUid?: string): string => {
    const [program = '', ...args] = inCgroup(podUid, ['ip', 'netns', 'exec', namespace, ...command]);
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };

  const addNamespace = (name: string): void => {
    ip('netns', 'add', name);
    namespaces.push(name);
    inside(name, ['ip', 'link', 'set', 'lo', 'up']);
    inside(name, ['sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']);
  };

  const cgroupOf = (uid: string): string => {
    const folder = `${base}/${prefix}-kubepods/besteffort/pod${uid}/c0ffee`;
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true });
      cgroups.push(folder);
    }
    return folder;
  };

  // Outside of `ip netns exec`, which mounts another /sys.
  const inCgroup = (uid: string | undefined, command: readonly string[]): readonly string[] =>
    uid === undefined ? command : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroupOf(uid), ...command];

  const start = async (namespace: string, command: readonly string[], podUid?: string): Promise<ChildProcess> => {
    const [program = '', ...args] = inCgroup(podUid, ['ip', 'netns', 'exec', namespace, ...command]);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}`)));
    });
    return child;
  };

  addNamespace(node);
  inside(node, ['ip', 'link', 'add', 'cni0', 'type', 'bridge']);
  inside(node, ['ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'cni0']);
  inside(node, ['ip', 'addr', 'add', 'fd77::1/64', 'dev', 'cni0', 'nodad']);
  inside(node, ['ip', 'link', 'set', 'cni0', 'up']);
  inside(node, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);

  return {
    node,
    pod(name) {
      const number = namespaces.length + 1;
      const namespace = `${prefix}${name}`;
      const uid = `00000000-0000-4000-8000-${String(process.pid).padStart(8, '0')}${String(number).padStart(4, '0')}`;
      const address = `10.77.0.${number}`;
      const address6 = `fd77::${number}`;
      addNamespace(namespace);
      ip('link', 'add', `v${prefix}${number}`, 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      inside(node, ['ip', 'link', 'set', `v${prefix}${number}`, 'master', 'cni0', 'up']);
      inside(namespace, ['ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
      inside(namespace, ['ip', 'addr', 'add', `${address6}/64`, 'dev', 'eth0', 'nodad']);
      inside(namespace, ['ip', 'link', 'set', 'eth0', 'up']);
      inside(namespace, ['ip', 'route', 'add', 'default', 'via', '10.77.0.1']);
      return {
        name,
        uid,
        address,
        address6,
        run: (...command) => inside(namespace, command, uid),
        start: (...command) => start(namespace, command, uid),
      };
    },
    run: (...command) => inside(node, command),
    start: (command, podUid) => start(node, command, podUid),
    close() {
      for (const child of children) child.kill('SIGKILL');
      for (const namespace of namespaces) {
        for (const pid of ip('netns', 'pids', namespace).split('\n').filter(Boolean)) killQuietly(Number(pid));
        ip('netns', 'del', namespace);
        rmSync(`/etc/netns/${namespace}`, { recursive: true, force: true });
      }
      removeCgroups(base, cgroups);
    },
  };
}

/** A resolv.conf for one pod, as `ip netns exec` binds it over the machine's. */
export function setResolver(podName: string, text: string): void {
  const folder = `/etc/netns/${prefix}${podName}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/resolv.conf`, text);
}

/** Path of a script beside this file. */
export function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

/** A cgroup can be removed once its processes are reaped; what stays is empty and harmless. */
function removeCgroups(base: string, folders: readonly string[]): void {
  for (const folder of folders) {
    for (let path = folder; path.length > base.length; path = path.slice(0, path.lastIndexOf('/'))) {
      try {
        rmdirSync(path);
      } catch {
        break;
      }
    }
  }
}
