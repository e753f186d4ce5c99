import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MAPPER_METRICS, MAPPER_OPTIONS } from '@nm/mapper';
import { generateDocs } from './generate-docs.ts';

test.each(Object.entries(generateDocs()))('docs/reference/%s is what the tables say (else: node tools/generate-docs.ts)', (name, text) => {
  expect(readFileSync(new URL(`../docs/reference/${name}`, import.meta.url), 'utf8')).toBe(text);
});

describe('the tables', () => {
  const metrics = Object.values(MAPPER_METRICS);

  test('name each metric and each flag once', () => {
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
    const flags = Object.values(MAPPER_OPTIONS).map(({ flag }) => flag);
    expect(new Set(flags).size).toBe(flags.length);
  });

  test('name our counters _total and durations _seconds', () => {
    const ours = metrics.filter(({ name }) => name.startsWith('network_mapper_'));
    expect(ours.filter(({ type, name }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
    expect(ours.filter(({ type, name }) => type === 'histogram' && !name.endsWith('_seconds'))).toEqual([]);
  });

  test('have every compatible name', () => {
    const names = metrics.map(({ name }) => name);
    const compatible = ['socketscan', 'dns', 'tcp', 'istio'].flatMap((kind) => [
      `${kind}_reported_connections`,
      `${kind}_dropped_connections`,
    ]);
    const clouds = ['aws', 'gcp', 'azure'].flatMap((cloud) => [`${cloud}_reports`, `${cloud}_dropped_reports`]);
    expect(names).toEqual(expect.arrayContaining([...compatible, ...clouds, 'kafka_reported_topics', 'kafka_dropped_topics']));
  });
});
