import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { describeStore } from './testing/contract/describe-store.ts';

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

describeStore('SQLite file', {
  createUrl: () => {
    files += 1;
    return Promise.resolve(`sqlite:${join(folder, `${files}.db`)}`);
  },
  keeps: true,
});
describeStore('SQLite in memory', { createUrl: () => Promise.resolve('sqlite::memory:'), keeps: false });
