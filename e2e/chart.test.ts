import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

/** What can be known of the chart without Helm; e2e/chart.cluster.test.ts renders it. */
const folder = fileURLToPath(new URL('../charts/network-mapper/', import.meta.url));
const read = (file: string): string => readFileSync(`${folder}${file}`, 'utf8');
const values = parse(read('values.yaml')) as Record<string, unknown>;
const schema = JSON.parse(read('values.schema.json')) as Schema;
const oldNames = parse(read('old-names.yaml')) as { was: string; now: string }[];
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly description?: string;
}

test('the values that the chart brings fit its schema', () => {
  validate(values);
  expect(validate.errors ?? []).toEqual([]);
});

test('the schema knows the values of the chart, the old ones, and no others', () => {
  const known = new Set([...pathsOf(values), ...oldNames.map(({ was }) => was), 'global']);
  const unknown = schemaPaths(schema).filter((path) => ![...known].some((one) => one === path || one.startsWith(`${path}.`)));
  expect(unknown).toEqual([]);
});

test.each<[string, object]>([
  ['a key that nobody knows', { snifer: {} }],
  ['a key in a group that nobody knows', { mapper: { replica: 2 } }],
  ['a port beyond the largest', { mapper: { service: { port: 65_536 } } }],
  ['a port as text', { sniffer: { metrics: { port: '2112' } } }],
  ['a kind of store that there is not', { mapper: { store: { type: 'mysql' } } }],
  ['a duration without unit', { sniffer: { reportInterval: '1' } }],
  ['a size with a wrong unit', { sniffer: { spool: { memory: '8MB' } } }],
  ['a Kafka server without namespace', { kafkaWatcher: { servers: ['kafka'] } }],
  ['an address that is no range', { networkPolicy: { reportersFrom: ['10.0.0.1'] } }],
  ['a digest that is none', { image: { digest: 'latest' } }],
  ['a log level that there is not', { logLevel: 'trace' }],
  ['TLS by magic', { tls: { mode: 'auto' } }],
])('%s is refused', (_, wrong) => {
  expect(validate(wrong)).toBe(false);
});

test.each(oldNames.map(({ was, now }) => [was, now] as const))('%s of the older chart reaches the advice: %s', (was) => {
  const value = was
    .split('.')
    .toReversed()
    .reduce<unknown>((inner, key) => ({ [key]: inner }), true);
  // A group of ours takes no value that is not one, so only names below it can be told apart.
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
});

describe('templates', () => {
  const templates = readdirSync(`${folder}templates`).map((file) => [file, read(`templates/${file}`)] as const);
  test.each(templates)('%s gives no wildcard rights and reads no Secrets', (_, text) => {
    expect(text).not.toMatch(/['"]\*['"]/);
    // But one: that of its own authority, by name, and the right to make it.
    expect(text).not.toMatch(
      /resources: \[[^\]]*secrets(?!\], (?:resourceNames: \[\{\{ \$name \}\}-ca\], verbs: \[get, update\]|verbs: \[create\]) \})/,
    );
    expect(text).not.toMatch(/privileged: true|SYS_ADMIN/);
  });
});

/** Every dotted path to a value, and to each group above it. */
function pathsOf(value: unknown, prefix = ''): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${prefix}${key}`, ...pathsOf(inner, `${prefix}${key}.`)]);
}

function schemaPaths(node: Schema, prefix = ''): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [`${prefix}${key}`, ...schemaPaths(inner, `${prefix}${key}.`)]);
}
