import { describe, expect, test } from 'vitest';
import type { Edge } from '../model/edge.ts';
import { generalizeAwsEdges, generalizeAwsResource } from './generalize-aws.ts';

test.for<[string, string, string, string]>([
  ['object', 'arn:aws:s3:::b/a/c/k.txt', 'arn:aws:s3:::b/a/c/*', 'arn:aws:s3:::b/*'],
  ['object without a folder', 'arn:aws-cn:s3:::b/k', 'arn:aws-cn:s3:::b/*', 'arn:aws-cn:s3:::b/*'],
  ['bucket', 'arn:aws:s3:::b', 'arn:aws:s3:::b', 'arn:aws:s3:::b'],
  [
    'object of an access point',
    'arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/object/a/k',
    'arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/object/a/*',
    'arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/object/*',
  ],
  [
    'object on an Outpost',
    'arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/ap/object/a/k',
    'arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/ap/object/a/*',
    'arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/ap/object/*',
  ],
  ['a key with a line break', 'arn:aws:s3:::b/a/\n/k', 'arn:aws:s3:::b/a/\n/*', 'arn:aws:s3:::b/*'],
  [
    'a table',
    'arn:aws:dynamodb:eu-west-1:1:table/t/index/i',
    'arn:aws:dynamodb:eu-west-1:1:table/t/index/i',
    'arn:aws:dynamodb:eu-west-1:1:table/t/index/i',
  ],
  ['everything', '*', '*', '*'],
])('%s', ([, resource, prefix, bucket]) => {
  expect((['object', 'prefix', 'bucket'] as const).map((level) => generalizeAwsResource(resource, level))).toEqual([
    resource,
    prefix,
    bucket,
  ]);
});

describe('edges', () => {
  const edge = (name: string, resource: string, action: string, count: number, at: number): Edge => ({
    client: { type: 'workload', cluster: 'c', namespace: 'shop', name, kind: 'Deployment' },
    server: { type: 'aws', resource, service: 's3' },
    class: 'app',
    shared: false,
    evidence: { aws: { count, firstSeenAt: at, lastSeenAt: at } },
    ports: [],
    actions: [{ action, count }],
  });
  const edges = [
    edge('orders', 'arn:aws:s3:::b/x/1', 's3:GetObject', 2, 10),
    edge('orders', 'arn:aws:s3:::b/x/2', 's3:PutObject', 3, 5),
    edge('orders', 'arn:aws:s3:::b/y/1', 's3:GetObject', 1, 20),
    edge('web', 'arn:aws:s3:::b/x/1', 's3:GetObject', 1, 20),
  ];

  test('of a client and a bucket become one, with all actions, counts and times', () => {
    expect(
      generalizeAwsEdges(edges, 'bucket').map(({ client, server, evidence, actions }) => ({
        client: 'name' in client && client.name,
        server,
        evidence,
        actions,
      })),
    ).toEqual([
      {
        client: 'orders',
        server: { type: 'aws', resource: 'arn:aws:s3:::b/*', service: 's3' },
        evidence: { aws: { count: 6, firstSeenAt: 5, lastSeenAt: 20 } },
        actions: [
          { action: 's3:GetObject', count: 3 },
          { action: 's3:PutObject', count: 3 },
        ],
      },
      {
        client: 'web',
        server: { type: 'aws', resource: 'arn:aws:s3:::b/*', service: 's3' },
        evidence: { aws: { count: 1, firstSeenAt: 20, lastSeenAt: 20 } },
        actions: [{ action: 's3:GetObject', count: 1 }],
      },
    ]);
  });

  test('by prefix; and each object as it is', () => {
    const resources = (level: 'prefix' | 'object'): unknown[] =>
      generalizeAwsEdges(edges, level).map(({ server }) => server.type === 'aws' && server.resource);
    expect(resources('prefix')).toEqual(['arn:aws:s3:::b/x/*', 'arn:aws:s3:::b/y/*', 'arn:aws:s3:::b/x/*']);
    expect(generalizeAwsEdges(edges, 'object')).toBe(edges);
  });
});
