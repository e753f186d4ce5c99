import { silentLogger } from '@nm/core';
import type { Observation } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import { AWS_METRICS } from './aws-metrics.ts';
import { CALL_REPORTER_DEFAULTS, createCallReporter } from './call-reporter.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const get = (key: string): AwsHttpRequest => ({
  method: 'GET',
  host: 'orders.s3.eu-west-1.amazonaws.com',
  path: `/${key}`,
  query: '',
  headers: {},
  body: new Uint8Array(),
});

test('calls are added up, kept while the mapper is away, and offered once more at the end', async () => {
  const taken: Observation[] = [];
  const warnings: string[] = [];
  let isAway = true;
  const register = new Registry();
  const reporter = createCallReporter(
    {
      sink: { take: (observations) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(void taken.push(...observations))) },
      clock: { now: () => NOW },
      log: { ...silentLogger, warn: (message) => void warnings.push(message) },
      metrics: createMetrics(AWS_METRICS, register),
    },
    { ...CALL_REPORTER_DEFAULTS, intervalMs: 3_600_000, maxWaiting: 1 },
  );
  await reporter.start();
  reporter.record(get('a'), '10.0.0.1');
  reporter.record(get('a'), '10.0.0.1');
  await reporter.flush();
  expect(warnings).toEqual(['the mapper does not take observations; they are kept']);
  reporter.record(get('b'), '10.0.0.1');
  isAway = false;
  await reporter.stop();
  expect(taken).toMatchObject([
    { kind: 'aws', source: { address: '10.0.0.1' }, count: 2, cloud: { provider: 'aws', service: 's3', actions: ['s3:GetObject'] } },
  ]);
  const metrics = await register.metrics();
  expect(metrics).toContain('network_mapper_aws_dropped_observations_total 1');
  expect(metrics).toContain('network_mapper_aws_waiting_observations 0');
});

test('a client that reads very many objects of a bucket is told to read the bucket', async () => {
  const taken: Observation[] = [];
  const register = new Registry();
  const reporter = createCallReporter(
    {
      sink: { take: (observations) => Promise.resolve(void taken.push(...observations)) },
      clock: { now: () => NOW },
      log: silentLogger,
      metrics: createMetrics(AWS_METRICS, register),
    },
    { ...CALL_REPORTER_DEFAULTS, intervalMs: 3_600_000 },
  );
  for (let key = 0; key < 210; key += 1) reporter.record(get(`k${key}`), '10.0.0.1');
  await reporter.flush();
  expect(taken).toHaveLength(201);
  expect(taken.at(-1)).toMatchObject({ count: 10, cloud: { resource: 'arn:aws:s3:::orders/*' } });
  expect(await register.metrics()).toContain('network_mapper_aws_generalized_calls_total 10');
});
