import { describe, expect, test } from 'vitest';
import { toAwsCall } from '../actions/to-aws-call.ts';
import { createBodyBudget } from '../proxy/body-budget.ts';
import { createHttp1Tap } from '../proxy/http1-tap.ts';
import { createCallAggregate } from './call-aggregate.ts';
import type { CallAggregate } from './call-aggregate.ts';

const SOURCE = '10.0.0.1';

/** A client whose requests are read and added up, as in the proxy. */
function client(aggregate: CallAggregate, host: string): (head: string, body?: string) => void {
  const tap = createHttp1Tap(
    (request) => {
      const call = toAwsCall(request);
      if (call !== undefined) aggregate.add(call, SOURCE, 0);
    },
    { host, maxBodyBytes: 256 * 1024, budget: createBodyBudget(1024 * 1024) },
  );
  return (head, body = '') => tap.push(Buffer.from(`${head}\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
}

describe('texts that clients choose', () => {
  const dynamodb = 'dynamodb.us-east-1.amazonaws.com';
  const target = 'X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/x-amz-json-1.0';
  test.each([
    ['an object', 'b.s3.amazonaws.com', `GET /${'k'.repeat(60_000)} HTTP/1.1`, '', ['arn:aws:s3:::b/*']],
    ['a bucket', 's3.amazonaws.com', `GET /${'b'.repeat(30_000)}/k HTTP/1.1`, '', []],
    ['a table', dynamodb, `POST / HTTP/1.1\r\n${target}`, JSON.stringify({ TableName: 't'.repeat(200_000) }), []],
  ])('the name of %s, longer than any', (_name, host, head, body, expected) => {
    const aggregate = createCallAggregate({ maxSums: 10 });
    client(aggregate, host)(head, body);
    const resources = aggregate.drain().map(({ cloud }) => cloud?.resource);
    expect(resources.map((resource) => resource?.slice(0, 100))).toEqual(expected);
    expect([aggregate.generalized, aggregate.dropped]).toEqual([expected.length, 1 - expected.length]);
  });

  test('a region that is none is not told', () => {
    const aggregate = createCallAggregate({ maxSums: 10 });
    const credential = `Credential=AKIABZPUZDIKKU5JCF2E/20260102/${'r'.repeat(50_000)}/s3/aws4_request, SignedHeaders=host`;
    client(aggregate, 'b.s3.amazonaws.com')(`GET /k HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 ${credential}`);
    const [observation] = aggregate.drain();
    expect(observation?.cloud).toMatchObject({ resource: 'arn:aws:s3:::b/k', account: expect.stringMatching(/^\d{12}$/) });
    expect(observation?.cloud).not.toHaveProperty('region');
  });
});
