import { AppError, silentLogger } from '@nm/core';
import type { ExecutionResult } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createQueryExecutor } from './execute-query.ts';
import type { QueryAnswer } from './execute-query.ts';
import { createQueryCache } from './query-cache.ts';
import { createSchema } from './schema.ts';

const schema = createSchema();

async function run(root: object, query: string, variables: Record<string, unknown> = {}) {
  const logged: Record<string, unknown>[] = [];
  const log = { ...silentLogger, error: (_: string, fields: Record<string, unknown> = {}) => void logged.push(fields) };
  const executor = createQueryExecutor({ schema, cache: createQueryCache(schema, { introspection: false }), root, log });
  const context = { identity: { name: 'test', permissions: new Set<never>() }, signal: new AbortController().signal };
  return { answer: await executor.execute({ query, variables }, context), logged };
}

function single(answer: QueryAnswer): Extract<QueryAnswer, { type: 'single' }> {
  if (answer.type !== 'single') throw new Error('a stream');
  return answer;
}

describe('errors of resolvers', () => {
  test('that nobody expected are masked, and logged under the id that the client gets', async () => {
    const fail = (): never => {
      throw new Error('password=hunter2');
    };
    const { answer, logged } = await run({ health: fail }, '{ health }');
    const { status, body } = single(answer);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(body.errors?.[0]?.message).toMatch(/^internal error [0-9a-f-]{36};/);
    expect(logged).toMatchObject([{ id: body.errors?.[0]?.extensions['id'], error: 'password=hunter2' }]);
  });

  test.each([
    ['REPORT_BUSY', 503],
    ['AUTH_MISSING', 401],
    ['AUTH_FORBIDDEN', 403],
    ['cursor_invalid', 200],
  ])('with the code %s have status %d and show their message', async (code, status) => {
    const fail = (): never => {
      throw new AppError(code, 'what to do');
    };
    const { answer, logged } = await run({ health: fail }, '{ health }');
    expect(single(answer)).toMatchObject({ status, body: { data: null, errors: [{ message: 'what to do', extensions: { code } }] } });
    expect(logged).toEqual([]);
  });

  test('of a stream end it with the error', async () => {
    async function* changes(): AsyncGenerator<object, void> {
      yield await Promise.resolve({ changes: { cursor: '1', edges: [], reset: false } });
      throw new Error('secret');
    }
    const { answer } = await run({ changes }, 'subscription { changes { cursor } }');
    if (answer.type !== 'stream') throw new Error('no stream');
    const events: ExecutionResult[] = [];
    for await (const event of answer.events) events.push(event);
    expect(events.map((event) => event.data ?? event.errors?.[0]?.message.slice(0, 14))).toEqual([
      { changes: { cursor: '1' } },
      'internal error',
    ]);
  });
});

describe('Int', () => {
  const query = 'query A($n: Int) { activity(buckets: $n) { bucketMs } }';
  const root = { activity: ({ buckets }: { buckets: number }) => ({ bucketMs: buckets }) };

  test.each([
    ['above 32 bits', 8_000_000_000],
    ['the largest safe one', Number.MAX_SAFE_INTEGER],
  ])('%s', async (_, n) => {
    expect(single((await run(root, query, { n })).answer).body.data).toEqual({ activity: { bucketMs: n } });
  });

  test.each([
    ['above 2^53', 2 ** 53],
    ['a fraction', 1.5],
    ['a text', '1'],
  ])('%s is refused', async (_, n) => {
    expect(single((await run(root, query, { n })).answer)).toMatchObject({ status: 422, body: { data: null } });
  });

  test('in the text of a query', async () => {
    const { answer } = await run(root, '{ activity(buckets: 8000000000) { bucketMs } }');
    expect(single(answer).body.data).toEqual({ activity: { bucketMs: 8_000_000_000 } });
  });

  test('a result that is no whole number is an error, not a wrong number', async () => {
    const { answer } = await run({ activity: () => ({ bucketMs: 0.5 }) }, '{ activity { bucketMs } }');
    expect(single(answer).body.errors?.length).toBe(1);
  });
});
