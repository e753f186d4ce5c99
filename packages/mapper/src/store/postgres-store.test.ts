import { afterAll, beforeAll } from 'vitest';
import { describeStore } from './testing/contract.ts';
import { startPostgres } from './testing/embedded-postgres.ts';
import type { PostgresForTests } from './testing/embedded-postgres.ts';

let postgres: PostgresForTests;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describeStore('PostgreSQL', { createUrl: () => postgres.createDatabase(), keeps: true });
