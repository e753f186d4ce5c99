import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBackup } from './run-backup.ts';
import { createStore } from './store/create-store.ts';
import type { Store } from './store/store.ts';
import { allEdges, apply, T0, update, workload } from './store/testing/updates.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-backup-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function open(path: string): Promise<Store> {
  const store = createStore({ clock: { now: () => T0 }, log: silentLogger }, { url: `sqlite:${path}` });
  await store.start();
  return store;
}

const settings = { stdout: () => undefined };

describe('network-mapper backup', () => {
  test('copies the database of a running mapper, and replaces an older copy', async () => {
    const path = join(folder, 'map.db');
    const target = join(folder, 'copy.db');
    const store = await open(path);
    await apply(store, update());
    await runBackup([target, '--store', `sqlite:${path}`], {}, settings);
    await apply(store, update({ server: workload('checkout') }));
    await runBackup([target], { NETWORK_MAPPER_STORE: `sqlite:${path}` }, settings);
    await apply(store, update({ server: workload('later') }));
    await store.stop();
    const copy = await open(target);
    // Neither the map nor its copy is for everybody on the machine; SQLite has files beside them while they are open.
    const modes = await Promise.all((await readdir(folder)).map(async (file) => (await stat(join(folder, file))).mode & 0o007));
    expect(modes.length).toBeGreaterThan(2);
    expect(new Set(modes)).toEqual(new Set([0]));
    expect((await allEdges(copy)).map(({ edge }) => 'name' in edge.server && edge.server.name)).toEqual(['cart', 'checkout']);
    await copy.stop();
  });

  test.each([
    ['no target', ['--store', 'sqlite:map.db'], 'option_invalid'],
    ['two targets', ['a', 'b'], 'option_invalid'],
    ['PostgreSQL', ['--store', 'postgres://localhost/map', 'a'], 'backup_unsupported'],
    ['memory', ['--store', 'sqlite::memory:', 'a'], 'backup_unsupported'],
  ])('%s is refused', async (_, argv, code) => {
    await expect(runBackup(argv, {}, settings)).rejects.toMatchObject({ code });
  });

  test('a database that is not there is not made', async () => {
    const missing = `sqlite:${join(folder, 'none.db')}`;
    await expect(runBackup([join(folder, 'copy.db'), '--store', missing], {}, settings)).rejects.toMatchObject({ code: 'backup_failed' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a target that cannot be written is said, and nothing is left', async () => {
    const path = join(folder, 'map.db');
    await (await open(path)).stop();
    const target = join(folder, 'no-such-folder', 'copy.db');
    await expect(runBackup([target, '--store', `sqlite:${path}`], {}, settings)).rejects.toMatchObject({ code: 'backup_failed' });
  });
});
