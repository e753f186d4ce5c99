import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { silentLogger } from '@nm/core';
import type { EdgeUpdate } from '@nm/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backend } from '../backend.ts';
import { createStore } from '../create-store.ts';
import { SqlStore } from '../sql-store.ts';
import { openSqlite } from '../sqlite/open-sqlite.ts';
import { STORE_DEFAULTS } from '../store-options.ts';
import type { Store } from '../store.ts';
import { allEdges, apply, collect, HOUR, MINUTE, T0, update, workload } from '../testing/updates.ts';

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

/** Books what waits, as it is done soon after it came. */
async function bookNow(): Promise<void> {
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.waitFor(() => expect(rows()[0]).toBe(0));
}

/** Books for one who needs it; whether it fails or not, what is there is answered. */
async function book(): Promise<void> {
  await store.activity({ filter: { ports: [7070] }, widthMs: MINUTE });
}

async function counts(of: Store = store): Promise<readonly (number | undefined)[]> {
  return (await allEdges(of)).map(({ edge }) => edge.evidence.tcp?.count);
}

test('counts of several batches wait together, and who reads sees them all the same', async () => {
  await apply(store, update({ count: 2 }));
  await apply(store, update({ count: 3, lastSeenAt: T0 + 500 }));
  expect(await counts()).toEqual([5]);
  expect(rows()).toEqual([2, 0]);
  await apply(store, update({ count: 1 }));
  expect(await counts()).toEqual([6]);
});

test('counts of hundreds of buckets, which may have several rows each, are shown and booked whole', async () => {
  const past = Array.from({ length: 200 }, (_, index) => update({ lastSeenAt: T0 - index * 5 * MINUTE }));
  await apply(store, ...past);
  await apply(store, ...past);
  await apply(store, ...past);
  expect(await counts()).toEqual([600]);
  await bookNow();
  expect([await counts(), rows()]).toEqual([[600], [0, 200]]);
});

test.each<[string, () => Promise<unknown>]>([
  ['a window with an end', () => store.edges({ first: 10, window: { until: T0 } })],
  ['a time bar of some edges', () => store.activity({ filter: { ports: [7070] }, widthMs: MINUTE })],
])('what waits is booked for %s', async (_name, read) => {
  await apply(store, update({ firstSeenAt: T0 - HOUR }));
  await read();
  expect(rows()).toEqual([0, 2]);
});

/** Reproducible (a linear congruential generator): between two clients and two servers, of both sides, within 80 minutes. */
function randomCalls(seed: number, count: number): EdgeUpdate[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => {
    const firstSeenAt = T0 - random(80 * MINUTE);
    return update({
      client: workload(`client-${random(2)}`),
      server: workload(`server-${random(2)}`),
      evidence: random(2) === 0 ? 'tcp' : 'socket',
      vantage: random(2) === 0 ? 'client' : 'server',
      port: { port: 1 + random(8), protocol: 'TCP' },
      count: random(5),
      firstSeenAt,
      lastSeenAt: Math.min(T0, firstSeenAt + random(7 * MINUTE)),
    });
  });
}

/** All that shows counts. */
async function shown(of: Store): Promise<unknown> {
  const page = await of.edges({ first: 10 });
  const late = await of.edges({ first: 10, window: { since: T0 - 10 * MINUTE } });
  const changes = await of.changes({ since: 0, limit: 10 });
  const [all, uncounted] = [await collect(of.exportEdges({})), await collect(of.exportEdges({ counts: false }))];
  const edges = [...page.edges, ...late.edges, ...changes.edges, ...all.flat(), ...uncounted.flat()];
  // Changes of counts are announced meanwhile.
  return JSON.stringify(edges.map(({ edge }) => edge));
}

test('what is shown is the same while counts wait, while they are booked, and then', async () => {
  await store.stop();
  ({ store } = await openFailing());
  const calls = randomCalls(1, 240);
  await apply(store, ...calls.slice(0, 80));
  await bookNow();
  await apply(store, ...calls.slice(80, 160));
  await apply(store, ...calls.slice(160));
  const waiting = await shown(store);
  expect(rows()[0]).toBe(2);
  await vi.advanceTimersByTimeAsync(2_000);
  let between = 0;
  while (rows()[0] !== 0) {
    between += Number(file.prepare('select count(*) as n from activity_booked').get()?.['n']);
    expect(await shown(store)).toBe(waiting);
  }
  expect(between).toBeGreaterThan(0);
  expect(await shown(store)).toBe(waiting);
});

test('who reads while a batch or a slice is not noted yet waits for that', async () => {
  await store.stop();
  ({ store } = await openFailing());
  const seen: (readonly (number | undefined)[])[] = [];
  let sent = 0;
  const reading = (async (): Promise<void> => {
    while (sent < 60) {
      seen.push(await counts());
      await nextTurn();
    }
  })();
  for (; sent < 60; sent += 1) {
    await calls(1, T0);
    if (sent % 5 === 0) void book();
  }
  await reading;
  // One transaction stores a call of each: none is ever shown without its count, without the others, twice, or not any more.
  for (const each of seen) expect(new Set(each).size).toBeLessThanOrEqual(1);
  expect(seen.flat()).not.toContain(0);
  const first = seen.map((each) => each[0] ?? 0);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  expect(await counts()).toEqual([60, 60, 60, 60, 60]);
});

test('a report in which nothing was counted leaves nothing to be booked', async () => {
  await store.applyBatch({ parts: [{ updates: [] }] });
  expect(rows()).toEqual([0, 0]);
});

test('what nobody asks for is booked soon, too', async () => {
  await apply(store, update());
  await bookNow();
  expect(rows()).toEqual([0, 1]);
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
    transaction: async (run) => {
      left -= 1;
      if (left < 0) throw new Error('the disk is full');
      const outcome = await backend.transaction(run);
      // Others have their turn before its outcome is known.
      await nextTurn();
      return outcome;
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
  await book();
  // Logged behind what is being booked.
  failAfter(1);
  await calls(4, T0 + 2_000);
  failAfter(0);
  await book();
  const other = await open();
  const seen = (await allEdges(other)).map(({ edge }) => edge.evidence.tcp);
  expect(seen.map((tcp) => [tcp?.count, tcp?.firstSeenAt])).toEqual(CLIENTS.map(() => [9, T0]));
  await other.stop();
  failAfter(Infinity);
  await calls(1, T0 + 3_000);
  expect(await counts()).toEqual([10, 10, 10, 10, 10]);
  await book();
  expect(rows()).toEqual([0, 5]);
});

test('after a failure this process books the rest once, too', async () => {
  const { store: own, failAfter } = await openFailing();
  await store.stop();
  store = own;
  await calls(2, T0);
  failAfter(1);
  await book();
  expect(await counts()).toEqual([2, 2, 2, 2, 2]);
  failAfter(Infinity);
  await calls(5, T0);
  expect(await counts()).toEqual([7, 7, 7, 7, 7]);
  await book();
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
  await store.stop();
  const older = new DatabaseSync(join(folder, 'map.db'));
  older.exec(`drop table activity_log; drop table activity_booked; delete from state where name = 'replays'; drop index edge_hidden;
    delete from kysely_migration where name >= '0004_activity_log';
    create table new_activity (id integer primary key, evidence_id integer not null, start integer not null, count integer not null,
      first_offset integer not null, last_offset integer not null);
    insert into new_activity (evidence_id, start, count, first_offset, last_offset)
      select evidence_id, start, value, 5, 9 from activity, (select 10 as value union all select 20)`);
  older.close();
  store = await open();
  expect(await counts()).toEqual([32]);
});
