import { statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCheckpointer } from './checkpointer.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was written comes into the file while the writer goes on, and the writer can close afterwards', async () => {
  const path = join(folder, 'map.db');
  const database = new DatabaseSync(path);
  // Without an automatic checkpoint only the other thread can do it.
  database.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (body text)');
  const failures: string[] = [];
  const checkpointer = createCheckpointer(path, (reason) => failures.push(reason));
  const insert = database.prepare('insert into t values (?)');
  for (let row = 0; row < 100; row++) insert.run('x'.repeat(4_000));
  expect(statSync(path).size).toBeLessThan(100 * 4_000);
  checkpointer.wrote();
  await expect.poll(() => statSync(path).size, { timeout: 20_000 }).toBeGreaterThan(100 * 4_000);
  insert.run('more');
  checkpointer.wrote();
  await checkpointer.close();
  database.close();
  const again = new DatabaseSync(path);
  expect(again.prepare('select count(*) as rows from t').get()).toEqual({ rows: 101 });
  again.close();
  expect(failures).toEqual([]);
});

test('a checkpoint that fails is told and ends nothing', async () => {
  const path = join(folder, 'map.db');
  writeFileSync(path, 'no database, but long enough to be read as one'.repeat(100));
  const failed = Promise.withResolvers<string>();
  const checkpointer = createCheckpointer(path, failed.resolve);
  checkpointer.wrote();
  expect(await failed.promise).toContain('not a database');
  await checkpointer.close();
});

test('a WAL that has become long begins anew as soon as nobody reads what is before, and nobody waits for that', async () => {
  const path = join(folder, 'map.db');
  const database = new DatabaseSync(path);
  database.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (body blob); create table untouched (body)');
  const pagesOfWal = (): unknown => database.prepare('pragma wal_checkpoint(noop)').get()?.['log'];
  const reader = new DatabaseSync(path);
  reader.exec('begin');
  reader.prepare('select * from t').all();
  database.exec(
    'insert into t select zeroblob(1024000) from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 50) select i from n)',
  );
  expect(pagesOfWal()).toBeGreaterThan(8_000);
  const checkpointer = createCheckpointer(path, expect.unreachable);
  checkpointer.wrote();
  // Of what the reader sees, the first checkpoint copies what did not change since.
  await expect.poll(() => statSync(path).size, { timeout: 20_000 }).toBeGreaterThan(4_096);
  await checkpointer.ready();
  database.exec('insert into t values (1)');
  expect(pagesOfWal()).toBeGreaterThan(8_000);
  reader.close();
  const afterOneMore = async (): Promise<unknown> => {
    await checkpointer.ready();
    database.exec('insert into t values (2)');
    return pagesOfWal();
  };
  await expect.poll(afterOneMore, { timeout: 20_000 }).toBeLessThan(100);
  await checkpointer.close();
  database.close();
});
