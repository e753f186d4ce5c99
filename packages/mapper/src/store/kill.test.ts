import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import type { Store } from './store.ts';
import { startPostgres } from './testing/embedded-postgres.ts';
import type { PostgresForTests } from './testing/embedded-postgres.ts';
import { startWriter } from './testing/killable-writer.ts';
import { batchOf, callsOf } from './testing/numbered-batches.ts';
import { T0 } from './testing/updates.ts';

const KILLS = 8;

async function open(url: string): Promise<Store> {
  const store = createStore({ clock: { now: () => T0 }, log: silentLogger }, { url, changeIntervalMs: 5 });
  await store.start();
  return store;
}

describe('kill -9 while writing', () => {
  let folder = '';
  let postgres: PostgresForTests;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nm-kill-'));
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  it.each<[string, () => Promise<string>]>([
    ['SQLite', () => Promise.resolve(`sqlite:${join(folder, 'map.db')}`)],
    ['PostgreSQL', () => postgres.createDatabase()],
  ])(
    '%s loses nothing that was acknowledged and stores nothing twice or in part',
    async (_name, createUrl) => {
      const url = await createUrl();
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const writer = startWriter(url, 'i1');
        await writer.acknowledged(1 + ((kill * 7) % 13));
        const acknowledged = await writer.kill();
        const store = await open(url);
        const { onMap, stored } = await callsOf(store, ['i1']);
        const sequence = (await store.reporter('i1'))?.sequence ?? 0;
        await store.stop();
        expect(sequence).toBeGreaterThanOrEqual(acknowledged);
        expect(onMap).toBe(stored);
      }
    },
    60_000,
  );

  it('of one of two replicas on one PostgreSQL leaves one right map', async () => {
    const url = await postgres.createDatabase();
    const survivor = await open(url);
    const writers = [startWriter(url, 'i1'), startWriter(url, 'i2')];
    let isWriting = true;
    const writing = (async (): Promise<void> => {
      for (let sequence = 1; isWriting; sequence += 1) await survivor.applyBatch(batchOf('i3', sequence));
    })();
    await Promise.all(writers.map((writer) => writer.acknowledged(20)));
    const killed = await writers[0]?.kill();
    await writers[1]?.acknowledged(20);
    isWriting = false;
    await writing;
    await writers[1]?.kill();
    const { onMap, stored } = await callsOf(survivor, ['i1', 'i2', 'i3']);
    expect((await survivor.reporter('i1'))?.sequence).toBeGreaterThanOrEqual(killed ?? 0);
    expect(onMap).toBe(stored);
    await survivor.stop();
  }, 60_000);
});
