import fc from 'fast-check';
import { execute, getNamedType, GraphQLObjectType, isObjectType, parse } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createSchema } from './schema.ts';
import { toStreamedAnswer } from './streamed-query.ts';
import type { RowSource } from './streamed-query.ts';

const schema: GraphQLSchema = createSchema();
const ROWS = [
  {
    client: {
      name: 'cart',
      namespace: 'shop',
      labels: [{ key: 'a"b', value: 'ü\u2028' }],
      podOwnerKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    },
    server: { name: 'db', namespace: 'data', nameResolvedUsingAnnotation: true, kubernetesService: 'db' },
  },
  {
    client: { name: 'cart', namespace: 'shop', labels: [] },
    server: { name: 'kafka', namespace: 'kafka', labels: null },
    type: 'KAFKA',
    kafkaTopics: [{ name: 'orders', operations: ['CONSUME', 'PRODUCE'] }, { name: 'x' }],
    httpResources: [{ path: '/', methods: ['GET'] }],
    awsActions: ['s3:GetObject'],
  },
];

const context = { identity: { name: 'test', permissions: new Set<never>() }, signal: new AbortController().signal };

async function streamed(
  query: string,
  variables: Record<string, unknown> = {},
  rows: readonly unknown[] = ROWS,
): Promise<string | undefined> {
  const asked: unknown[] = [];
  const source: RowSource = async function* (args: unknown) {
    asked.push(args);
    for (const row of rows) yield await Promise.resolve([row]);
  };
  const pieces = toStreamedAnswer({ schema, sources: new Map([['intents', source]]) }, { document: parse(query), variables }, context);
  if (pieces === undefined) return undefined;
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

async function executed(query: string, variables: Record<string, unknown> = {}, rows: readonly unknown[] = ROWS): Promise<string> {
  const result = await execute({ schema, document: parse(query), rootValue: { intents: () => rows }, variableValues: variables });
  return JSON.stringify(result);
}

/** Random selections of a type: subsets of its fields, aliases, repeats, fragments. */
function selectionOf(type: GraphQLObjectType, depth: number): fc.Arbitrary<string> {
  const fields = Object.values(type.getFields());
  const one = fc.constantFrom(...fields).chain((field) => {
    const named = getNamedType(field.type);
    const alias = fc.constantFrom('', `x${field.name}: `);
    if (!isObjectType(named)) return alias.map((text) => `${text}${field.name}`);
    return depth === 0
      ? fc.constant('')
      : fc.tuple(alias, selectionOf(named, depth - 1)).map(([text, set]) => `${text}${field.name} ${set}`);
  });
  const leaf = fields.find((field) => !isObjectType(getNamedType(field.type)))?.name ?? '';
  return fc.array(fc.tuple(one, fc.constantFrom('plain', 'inline')), { minLength: 1, maxLength: 5 }).map((parts) => {
    const texts = parts.map(([text, how]) => (how === 'inline' && text !== '' ? `... on ${type.name} { ${text} }` : text));
    return `{ ${texts.join(' ')} ${leaf} }`;
  });
}

const intent = schema.getType('Intent');
if (!(intent instanceof GraphQLObjectType)) throw new Error('the schema has no Intent');

describe('an answer written row by row', () => {
  test('is the executor’s, to the letter, for any selection', async () => {
    await fc.assert(
      fc.asyncProperty(selectionOf(intent, 3), async (selection) => {
        const query = `query Q { intents ${selection} }`;
        expect(await streamed(query)).toBe(await executed(query));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['an alias of the list', '{ all: intents { type } }', {}],
    [
      'named fragments, twice',
      '{ intents { client { ...I } server { ...I name } } } fragment I on OtterizeServiceIdentity { name labels { key } }',
      {},
    ],
    ['the list asked for twice', '{ intents { type } intents { client { name } } }', {}],
    ['variables', 'query ($n: [String!]) { intents(namespaces: $n) { type } }', { n: ['shop'] }],
    ['no variables given', 'query ($n: [String!]) { intents(namespaces: $n) { type } }', {}],
  ])('%s', async (_, query, variables) => {
    expect(await streamed(query, variables)).toBe(await executed(query, variables));
  });

  test('no rows', async () => expect(await streamed('{ intents { type } }', {}, [])).toBe('{"data":{"intents":[]}}'));

  test.each<[string, string, Record<string, unknown>?]>([
    ['a second field', '{ intents { type } health }'],
    ['another field', '{ health }'],
    ['__typename', '{ intents { __typename } }'],
    ['a directive', '{ intents @include(if: true) { type } }'],
    ['a directive below', '{ intents { type @skip(if: false) } }'],
    ['a mutation', 'mutation { resetCapture }'],
    ['a wrong variable', 'query ($n: [String!]) { intents(namespaces: $n) { type } }', { n: [1] }],
  ])('%s is left to the executor', async (_, query, variables = {}) => expect(await streamed(query, variables)).toBeUndefined());

  test('a value that the schema does not allow ends it', async () => {
    await expect(streamed('{ intents { client { name } } }', {}, [{ client: {} }])).rejects.toThrow('missing');
    await expect(streamed('{ intents { type } }', {}, [{ type: 'NEW' }])).rejects.toThrow('IntentType');
  });
});
