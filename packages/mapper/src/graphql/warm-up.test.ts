import { expect, test } from 'vitest';
import type { QueryExecutor, QueryRequest } from './execute-query.ts';
import { createQueryCache } from './query-cache.ts';
import { createSchema } from './schema.ts';
import { warmUp } from './warm-up.ts';

test('asks questions that the schema knows, reads no more than the first piece of an answer, and survives a failure', async () => {
  const schema = createSchema();
  const cache = createQueryCache(schema, { introspection: false });
  const asked: QueryRequest[] = [];
  const read: number[] = [];
  async function* pieces(): AsyncGenerator<string> {
    for (let piece = 0; piece < 3; piece++) {
      read.push(piece);
      yield await Promise.resolve('x');
    }
  }
  const executor: QueryExecutor = {
    execute(request) {
      asked.push(request);
      return asked.length === 1 ? Promise.reject(new Error('the store is away')) : Promise.resolve({ type: 'pieces', pieces: pieces() });
    },
  };
  await warmUp(executor, new AbortController().signal);
  expect(asked.map(({ query }) => 'document' in cache.check(query))).toEqual([true, true]);
  expect(read).toEqual([0]);
});
