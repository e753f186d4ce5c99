import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';
import type { Store } from './store.ts';
import { allEdges, apply, names, T0, update } from './testing/updates.ts';

const deps = { clock: { now: () => T0 }, log: silentLogger };
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-open-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function open(url: string): Promise<Store> {
  const store = createStore(deps, { url });
  await store.start();
  return store;
}

describe('opening a store', () => {
  it.each(['', 'sqlite:', 'mysql://host/db', 'postgres://[', '/var/lib/map.db'])('refuses the URL "%s" and says what is right', (url) => {
    expect(() => createStore(deps, { url })).toThrow(/sqlite:PATH/);
  });

  it('does not repeat a password in its message', () => {
    expect(() => createStore(deps, { url: 'mysql://me:secret@host/db' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });

  it.each([
    ['NFS', 0x6969],
    ['CIFS', 0xff534d42],
    ['CIFS, as a signed number', 0xff534d42 | 0],
  ])('refuses %s', (_name, type) => {
    expect(() => openSqlite(join(folder, 'map.db'), { filesystemType: () => type })).toThrow(
      expect.objectContaining({ code: 'store_network_filesystem' }),
    );
  });

  it('refuses a file that is no database', async () => {
    const path = join(folder, 'map.db');
    await writeFile(path, 'this is not a database, but it is long enough to be looked at as one'.repeat(20));
    expect(() => createStore(deps, { url: `sqlite:${path}` })).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
  });

  it('refuses a schema of a newer version', async () => {
    const path = join(folder, 'map.db');
    await (await open(`sqlite:${path}`)).stop();
    const database = new DatabaseSync(path);
    database.exec(`insert into kysely_migration (name, timestamp) values ('9999_future', '')`);
    database.close();
    await expect(open(`sqlite:${path}`)).rejects.toMatchObject({
      code: 'store_newer_schema',
      message: expect.stringContaining('9999_future'),
    });
  });

  it('says that a server does not answer', async () => {
    await expect(open('postgres://me:secret@127.0.0.1:1/db')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('makes the folder of its file', async () => {
    const store = await open(`sqlite:${join(folder, 'a/b/map.db')}`);
    await store.stop();
    expect(await readdir(join(folder, 'a/b'))).toEqual(['map.db']);
  });
});

describe('backup', () => {
  it.each(['file', ':memory:'])('of a store in %s is whole while writing goes on', async (kind) => {
    const store = await open(`sqlite:${kind === 'file' ? join(folder, 'map.db') : kind}`);
    await apply(store, update());
    const target = join(folder, 'backup.db');
    await Promise.all([store.backup(target), ...Array.from({ length: 20 }, () => apply(store, update()))]);
    await store.stop();
    const copy = await open(`sqlite:${target}`);
    const edges = await allEdges(copy);
    const sequence = edges[0]?.edge.evidence.tcp?.count ?? 0;
    await copy.stop();
    expect(names(edges)).toEqual(['frontend->cart']);
    expect(sequence).toBeGreaterThanOrEqual(1);
    expect((await readdir(folder)).filter((file) => file.endsWith('.partial'))).toEqual([]);
  });

  it('that cannot be written says so', async () => {
    const store = await open('sqlite::memory:');
    await expect(store.backup(join(folder, 'missing/backup.db'))).rejects.toMatchObject({ code: 'backup_failed' });
    await store.stop();
  });

  it('of PostgreSQL names its own tools', async () => {
    const store = createStore(deps, { url: 'postgres://me@127.0.0.1:1/db' });
    await expect(store.backup('x')).rejects.toMatchObject({ code: 'backup_unsupported', message: expect.stringContaining('pg_dump') });
    await store.stop();
  });
});
