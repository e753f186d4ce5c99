import { silentLogger, AppError } from '@nm/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestMapper } from '../testing/start-test-mapper.ts';
import type { TestMapper } from '../testing/start-test-mapper.ts';
import { createQueryExecutor } from './execute-query.ts';
import { createQueryCache } from './query-cache.ts';
import { createSchema } from './schema.ts';

const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** Fragments that use the next one twice and hold no field: as many uses as 2 to the power of their number. */
const DOUBLING = `{ ...F0 } ${repeat(60, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F60 on Query { ...F0 }`;
/** The same with a field at the end. */
const EXPANDING = `{ ...F0 } ${repeat(60, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F60 on Query { health }`;

describe('hostile queries', () => {
  let mapper: TestMapper;
  beforeAll(async () => {
    mapper = await startTestMapper();
  });
  afterAll(() => mapper.stop());

  const refused: readonly [string, string, RegExp][] = [
    ['fragments that double without a field', DOUBLING, /fields and fragments/],
    ['fragments that double', EXPANDING, /fields|things at once/],
    ['too many root fields by aliases', `{ ${repeat(21, (index) => `a${index}: health`)} }`, /things at once/],
    ['too many root fields in fragments', `{ ${repeat(21, () => '...H')} } fragment H on Query { health }`, /things at once/],
    ['the whole map three times', '{ a: intents { type } b: intents { type } c: overview { edgeCount } }', /whole map/],
    ['too many fields', `{ edges { nodes { ${repeat(2_001, (index) => `a${index}: id`)} } } }`, /tokens|fields/],
    ['the same field very often', `{ edges { nodes { ${repeat(2_500, () => 'id')} } } }`, /fields/],
    ['too deep', `{ edges { nodes { ${'client { '.repeat(14)} name ${'} '.repeat(14)} } } }`, /deeper/],
    ['nested inline fragments', `{ ${'... { '.repeat(1_500)} health ${'} '.repeat(1_500)} }`, /token|fields/],
    ['a long text', `{ health } # ${'x'.repeat(70_000)}`, /longer/],
    ['introspection', '{ __schema { types { name } } }', /introspection/],
    ['introspection by a fragment', '{ ...S } fragment S on Query { __type(name: "Query") { name } }', /introspection/],
  ];
  test.each(refused)('%s: refused', async (_, query, message) => {
    const { status, body } = await mapper.query(query);
    expect(status).toBe(422);
    expect(body.errors?.[0]?.message).toMatch(message);
  });

  const LISTS: readonly [string, string, object][] = [
    ['namespaces of edges', 'query ($l: [String!]) { edges(filter: { namespaces: $l }) { totalCount } }', {}],
    ['of an end', 'query ($l: [String!]) { edges(filter: { client: { names: $l } }) { totalCount } }', {}],
    ['of intents', 'query ($l: [String!]) { intents(excludeServiceWithLabels: $l) { type } }', {}],
    ['of the overview', 'query ($l: [String!]) { overview(filter: { domains: $l }) { edgeCount } }', {}],
    ['of workloads', 'query ($l: [String!]) { workloads(filter: { namespaces: $l }) { nodes { name } } }', {}],
  ];
  test.each(LISTS)('very many values %s are refused, and say which', async (_, query) => {
    const { body } = await mapper.query(query, { l: Array.from({ length: 40_000 }, (__, index) => `n${index}`) });
    expect(body.errors?.[0]).toMatchObject({ extensions: { code: 'ARGUMENT_INVALID' } });
    expect(body.errors?.[0]?.message).toMatch(/40000 values/);
  });

  test('names that mean something to SQL and to JavaScript are only names', async () => {
    for (const text of ["'; drop table edge; --", '%', '__proto__', 'constructor', '\u0000']) {
      const { body } = await mapper.query(
        'query ($f: EdgeFilter) { edges(filter: $f) { totalCount } overview(filter: $f) { edgeCount } }',
        {
          f: { text, namespaces: [text], client: { labels: [`${text}=${text}`], names: [text] } },
        },
      );
      expect(body.errors).toBeUndefined();
      expect(body.data).toEqual({ edges: { totalCount: 0 }, overview: { edgeCount: 0 } });
    }
  });
});

describe('what an error tells', () => {
  test('of a database that is away: neither its host nor what it said', async () => {
    const schema = createSchema();
    const cache = createQueryCache(schema, { introspection: false });
    const away = (): never => {
      throw new AppError('store_unavailable', 'the store postgres://db.internal:5432/map does not answer: role "map" failed');
    };
    const executor = createQueryExecutor({ schema, cache, root: { health: away }, log: silentLogger });
    const identity = { name: 'test', permissions: new Set<never>() };
    const answer = await executor.execute({ query: '{ health }' }, { identity, signal: new AbortController().signal });
    const text = JSON.stringify(answer);
    expect(text).toContain('store_unavailable');
    expect(text).not.toMatch(/db\.internal|role/);
  });
});

describe('the cache of queries', () => {
  test('keeps what is asked again and again, and not what is long', () => {
    const cache = createQueryCache(createSchema(), { introspection: false });
    expect(cache.check('{ health }')).toBe(cache.check('{ health }'));
    const long = `{ health } # ${'x'.repeat(20_000)}`;
    expect(cache.check(long)).not.toBe(cache.check(long));
  });

  test('is bounded by the length of all texts', () => {
    const cache = createQueryCache(createSchema(), { introspection: false });
    const text = (index: number): string => `{ health } # ${index} ${'x'.repeat(16_000)}`;
    const first = cache.check(text(0));
    for (let index = 1; index < 40; index += 1) cache.check(text(index));
    expect(cache.check(text(0))).not.toBe(first);
    expect(cache.check(text(39))).toBe(cache.check(text(39)));
  });
});
