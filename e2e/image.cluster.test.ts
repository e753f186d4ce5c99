import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from './support/cluster.ts';

/** The image for arm64, made without Docker, against the one for x64 that the cluster runs. */
const EMULATOR = '/usr/bin/qemu-aarch64-static';
const folder = mkdtempSync(join(tmpdir(), 'network-mapper-images-'));
const rootfs = (arch: string): string => join(folder, arch);

beforeAll(async () => {
  for (const arch of ['x64', 'arm64']) await command(process.execPath, ['tools/build-image.ts', '--arch', arch, '--rootfs', rootfs(arch)]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Paths, with the architecture's own names in words for both. */
function filesOf(arch: string): string[] {
  return readdirSync(rootfs(arch), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(rootfs(arch), join(entry.parentPath, entry.name)))
    .map((path) => path.replace(/(x86_64|aarch64)-linux-gnu/, 'TRIPLET').replaceAll(/linux([-_])(x64|arm64)/g, 'linux$1ARCH'))
    .map((path) => path.replace(/^lib(64)?\/ld-linux-[^/]*$/, 'DYNAMIC-LINKER'))
    .toSorted();
}

test('both have the same files', () => {
  expect(filesOf('arm64')).toEqual(filesOf('x64'));
});

test.each(['usr/bin/node', 'app/node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node'])('%s is for arm64', (file) => {
  expect(execFileSync('od', ['-An', '-t', 'u2', '-j', '18', '-N', '2', join(rootfs('arm64'), file)], { encoding: 'utf8' }).trim()).toBe(
    '183',
  );
});

// .ci/run installs it.
test.skipIf(!existsSync(EMULATOR))('the one for arm64 runs: Node.js, the bundles, the native file', async () => {
  const inside = join(rootfs('arm64'), 'emulator');
  await command('cp', [EMULATOR, inside]);
  await command('mount', ['--bind', '/proc', join(rootfs('arm64'), 'proc')]);
  try {
    const node = async (...args: string[]): Promise<string> => command('chroot', [rootfs('arm64'), '/emulator', '/usr/bin/node', ...args]);
    expect(await node('-p', 'process.arch')).toBe('arm64\n');
    expect(await node('/app/network-mapper.mjs', '--help')).toContain('Shows who calls whom');
    const call =
      "import('/app/node_modules/koffi/index.js').then((k) => console.log(k.default.load('libc.so.6').func('int getpid()')() === process.pid))";
    expect(await node('-e', call)).toBe('true\n');
  } finally {
    await command('umount', [join(rootfs('arm64'), 'proc')]);
  }
});
