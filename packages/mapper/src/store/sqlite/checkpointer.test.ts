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
