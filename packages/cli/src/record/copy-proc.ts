import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toRfc3339 } from '@nm/core';
import { makeFolder, writePrivate } from './private-files.ts';

/** Tables are the same for every process of a network namespace, so one copy of them is enough; the rest is small. */
const TABLES = ['net/tcp', 'net/tcp6', 'net/udp', 'net/udp6', 'net/fib_trie', 'net/if_inet6'] as const;
const FILES = ['cgroup', 'comm'] as const;
const PID = /^[1-9]\d*$/;
/** Open files of one process that are looked at. */
const MAX_FDS = 100_000;

/** Copies what `--proc` reads of /proc. Processes that end meanwhile, and what may not be read, are left out. */
export async function copyProc(source: string, folder: string, now: number): Promise<number> {
  const names = await readdir(source).catch((cause: unknown) => {
    throw new AppError('INPUT_UNREADABLE', `${source} cannot be read: this machine has no Linux /proc`, { cause });
  });
  await makeFolder(folder);
  await writePrivate(join(folder, 'time'), `${toRfc3339(now)}\n`);
  const seen = new Set<string>();
  let copied = 0;
  for (const pid of names.filter((name) => PID.test(name))) {
    const from = join(source, pid);
    const namespace = await readlink(join(from, 'ns', 'net')).catch(() => undefined);
    if (namespace === undefined) continue;
    const to = join(folder, pid);
    await makeFolder(join(to, 'ns'));
    await makeFolder(join(to, 'net'));
    await writePrivate(join(to, 'ns', 'net.readlink'), `${namespace}\n`);
    for (const file of FILES) await copy(join(from, file), join(to, file));
    // Readers look for processes with net/tcp: the others get empty tables.
    for (const file of TABLES) await (seen.has(namespace) ? writePrivate(join(to, file), '') : copy(join(from, file), join(to, file)));
    seen.add(namespace);
    await copyLinks(join(from, 'fd'), join(to, 'fd.readlinks'));
    copied += 1;
  }
  return copied;
}

async function copy(from: string, to: string): Promise<void> {
  const bytes = await readFile(from).catch(() => undefined);
  if (bytes !== undefined) await writePrivate(to, bytes);
}

async function copyLinks(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  const links = await Promise.all(names.slice(0, MAX_FDS).map((name) => readlink(join(from, name)).catch(() => '')));
  const sockets = links.filter((link) => link.startsWith('socket:'));
  if (sockets.length > 0) await writePrivate(to, `${sockets.join('\n')}\n`);
}
