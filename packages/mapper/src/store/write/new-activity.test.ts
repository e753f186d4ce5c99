import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '@nm/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStore } from '../create-store.ts';
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
  return ['new_activity', 'activity'].map((table) => file.prepare(`select count(*) as n from ${table}`).get()?.['n']);
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

test('what waits is not given to evidence that takes the place of what was deleted', async () => {
  await apply(store, update({ count: 7 }));
  await store.reset({ cluster: 'one', at: T0 - 10_000 });
  await apply(store, update({ client: workload('another'), count: 1 }));
  expect(await counts()).toEqual([1]);
});
