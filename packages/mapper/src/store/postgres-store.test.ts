import { silentLogger } from '@nm/core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import { describeStore } from './testing/contract/describe-store.ts';
import { startPostgres } from './testing/embedded-postgres.ts';
import { allEdges, T0, update } from './testing/updates.ts';
import type { PostgresForTests } from './testing/embedded-postgres.ts';

let postgres: PostgresForTests;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe('PostgreSQL whose connections break', () => {
  it('fails what was under way, says so, and goes on', async () => {
    const url = await postgres.createDatabase();
    const store = createStore({ clock: { now: () => T0 }, log: silentLogger }, { url });
    await store.start();
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const codes = new Set<unknown>();
    let stored = 0;
    for (let sequence = 1; sequence <= 60; sequence += 1) {
      const cut =
        sequence % 10 === 0
          ? admin.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()')
          : undefined;
      const batch = {
        reporter: { instance: 'i', sequence, kind: 'sniffer', cluster: 'one', seenAt: T0 },
        parts: [{ updates: [update()] }],
      };
      // Like a reporter: the same batch again until it is acknowledged.
      for (let isStored = false; !isStored;) {
        isStored = await store.applyBatch(batch).then(
          () => true,
          (error: unknown) => {
            codes.add(error instanceof Error && 'code' in error ? error.code : error);
            return false;
          },
        );
      }
      stored += 1;
      await cut;
    }
    expect([...codes].filter((code) => code !== 'store_unavailable')).toEqual([]);
    expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(stored);
    await admin.end();
    await store.stop();
  });
});

describeStore('PostgreSQL', { createUrl: () => postgres.createDatabase(), keeps: true });
