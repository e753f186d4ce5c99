import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '@nm/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backend } from '../backend.ts';
import { createStore } from '../create-store.ts';
import { SqlStore } from '../sql-store.ts';
import { openSqlite } from '../sqlite/open-sqlite.ts';
import { STORE_DEFAULTS } from '../store-options.ts';
import type { Store } from '../store.ts';
import { allEdges, apply, T0, update, workload } from '../testing/updates.ts';

let folder = '';
let store: Store;
let file: DatabaseSync;

async function open(): Promise<Store> {
  const opened = createStore({ clock: { now: () => T0 }, log: silentLogger }, { url: `sqlite:${join(folder, 'map.db')}` });
  await opened.start();
  return opened;
}

beforeEach(async () => {
  // What waits is booked when its time has come, and not while a slow machine looks on.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  folder = await mkdtemp(join(tmpdir(), 'nm-new-activity-'));
  store = await open();
  file = new DatabaseSync(join(folder, 'map.db'), { readOnly: true });
});
afterEach(async () => {
  vi.useRealTimers();
  file.close();
  await store.stop();
  await rm(folder, { recursive: true });
});

/** Rows that wait and rows that are booked. */
function rows(): readonly unknown[] {
  return ['activity_log', 'activity'].map((table) => file.prepare(`select count(*) as n from ${table}`).get()?.['n']);
}

async function counts(of: Store = store): Promise<readonly (number | undefined)[]> {
  return (await allEdges(of)).map(({ edge }) => edge.evidence.tcp?.count);
}

test('counts of several batches wait together, and are booked for who reads', async () => {
  await apply(store, update({ count: 2 }));
  await apply(store, update({ count: 3, lastSeenAt: T0 + 500 }));
  expect(rows()).toEqual([2, 0]);
  expect(await counts()).toEqual([5]);
  expect(rows()).toEqual([0, 1]);
  await apply(store, update({ count: 1 }));
  expect(await counts()).toEqual([6]);
});

test('a report in which nothing was counted leaves nothing to be booked', async () => {
  await store.applyBatch({ parts: [{ updates: [] }] });
  expect(rows()).toEqual([0, 0]);
});

test('what nobody asks for is booked soon, too', async () => {
  await apply(store, update());
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.waitFor(() => expect(rows()).toEqual([0, 1]));
});

test('another process on the file, and one that starts later, see what waits', async () => {
  await apply(store, update({ count: 2 }));
  const other = await open();
  expect(await counts(other)).toEqual([2]);
  await other.stop();
  expect(await counts()).toEqual([2]);
});

/** A store that books two at once, whose database is away after so many more transactions. */
async function openFailing(): Promise<{ readonly store: Store; readonly failAfter: (transactions: number) => void }> {
  const backend = openSqlite(join(folder, 'map.db'));
  let left = Infinity;
  const failing: Backend = {
    ...backend,
    transaction: (run) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('the disk is full')) : backend.transaction(run);
    },
  };
  const opened = new SqlStore(
    { clock: { now: () => T0 }, log: silentLogger, backend: failing, retries: { count: 0 } },
    { ...STORE_DEFAULTS, url: '', bookingSlice: 2 },
  );
  await opened.start();
  return {
    store: opened,
    failAfter: (transactions) => {
      left = transactions;
    },
  };
}

const CLIENTS = ['a', 'b', 'c', 'd', 'e'];

function calls(count: number, at: number): Promise<void> {
  return apply(store, ...CLIENTS.map((name) => update({ client: workload(name), count, firstSeenAt: at, lastSeenAt: at })));
}

test.each([0, 1, 2, 3])('after %i slices of three, what is left is booked once: by another process, and by this one', async (slices) => {
  const { store: own, failAfter } = await openFailing();
  await store.stop();
  store = own;
  await calls(2, T0 + 1_000);
  await calls(3, T0);
  failAfter(slices);
  await counts();
  // Logged behind what is being booked.
  failAfter(1);
  await calls(4, T0 + 2_000);
  failAfter(0);
  await counts();
  const other = await open();
  const seen = (await allEdges(other)).map(({ edge }) => edge.evidence.tcp);
  expect(seen.map((tcp) => [tcp?.count, tcp?.firstSeenAt])).toEqual(CLIENTS.map(() => [9, T0]));
  await other.stop();
  failAfter(Infinity);
  await calls(1, T0 + 3_000);
  expect(await counts()).toEqual([10, 10, 10, 10, 10]);
  expect(rows()).toEqual([0, 5]);
});

test('after a failure this process books the rest once, too', async () => {
  const { store: own, failAfter } = await openFailing();
  await store.stop();
  store = own;
  await calls(2, T0);
  failAfter(1);
  await counts();
  failAfter(Infinity);
  await calls(5, T0);
  expect(await counts()).toEqual([7, 7, 7, 7, 7]);
  expect(rows()).toEqual([0, 5]);
});

test('what waits is not given to evidence that takes the place of what was deleted', async () => {
  await apply(store, update({ count: 7 }));
  await store.reset({ cluster: 'one', at: T0 - 10_000 });
  await apply(store, update({ client: workload('another'), count: 1 }));
  expect(await counts()).toEqual([1]);
});

test('a database in which counts wait as rows, as they did before, is brought up to date with them', async () => {
  await apply(store, update({ count: 2 }));
  await counts();
  await store.stop();
  const older = new DatabaseSync(join(folder, 'map.db'));
  older.exec(`drop table activity_log; drop table activity_booked; delete from state where name = 'replays';
    delete from kysely_migration where name = '0004_activity_log';
    create table new_activity (id integer primary key, evidence_id integer not null, start integer not null, count integer not null,
      first_offset integer not null, last_offset integer not null);
    insert into new_activity (evidence_id, start, count, first_offset, last_offset)
      select evidence_id, start, value, 5, 9 from activity, (select 10 as value union all select 20)`);
  older.close();
  store = await open();
  expect(await counts()).toEqual([32]);
});
