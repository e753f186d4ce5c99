import { describe, expect, test } from 'vitest';
import { edges, run } from '../testing/map-in-a-folder.ts';
import { edge, mapText, workload } from '../testing/test-host.ts';

describe('policies aws', () => {
  const orders = edge(
    workload('orders'),
    { type: 'aws', resource: 'arn:aws:s3:::b/*' },
    {
      actions: [
        { action: 's3:PutObject', count: 1 },
        { action: 's3:GetObject', count: 9 },
      ],
    },
  );
  const map = mapText([...edges, orders, edge(workload('orders'), { type: 'aws', resource: 'arn:aws:sqs:*:*:q' }, { actions: [] })]);
  const policies = (...args: string[]): ReturnType<typeof run> =>
    run(['policies', 'aws', '--map', 'p.json', ...args], { files: { 'p.json': map } });
  test('of one workload', async () => {
    const { code, host } = await policies('-n', 'shop', '--workload', 'orders');
    expect([code, host.err()]).toEqual([0, '']);
    expect(JSON.parse(host.out())).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: ['arn:aws:s3:::b/*'] }],
    });
  });
  test.each([
    ['bucket', ['arn:aws:s3:::b/*']],
    ['prefix', ['arn:aws:s3:::b/in/*', 'arn:aws:s3:::b/out/*']],
    ['object', ['arn:aws:s3:::b/in/1', 'arn:aws:s3:::b/in/2', 'arn:aws:s3:::b/out/1']],
  ])('objects told apart by %s', async (level, resources) => {
    const objects = ['in/1', 'in/2', 'out/1'].map((key) =>
      edge(workload('orders'), { type: 'aws', resource: `arn:aws:s3:::b/${key}` }, { actions: [{ action: 's3:GetObject', count: 1 }] }),
    );
    const files = { 'o.json': mapText(objects) };
    const policy = await run(['policies', 'aws', '--map', 'o.json', '--aws-resource-level', level], { files });
    expect(JSON.parse(policy.host.out())).toMatchObject({ Statement: [{ Action: ['s3:GetObject'], Resource: resources }] });
    const list = await run(['list', '--map', 'o.json', '--aws-resource-level', level], { files });
    expect(list.host.out()).toBe(
      `orders in namespace shop calls:\n${resources.map((resource) => `  - ${resource}\n    - actions: [s3:GetObject]\n`).join('')}`,
    );
  });
  test('one document is for one workload', async () => {
    const { code, host } = await policies('-n', 'shop');
    expect([code, host.out(), host.err()]).toEqual([
      2,
      '',
      'network-mapper: 2 workloads called AWS, and a policy is for one: choose with --workload NAME and -n NAMESPACE (orders in namespace shop of cluster default, web in namespace shop of cluster default)\n',
    ]);
  });
  test('too much for one document', async () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      edge(
        workload('orders'),
        { type: 'aws', resource: `arn:aws:s3:::bucket-with-a-long-name-${index}/*` },
        { actions: [{ action: 's3:GetObject', count: 1 }] },
      ),
    );
    const { host } = await run(['policies', 'aws', '--map', 'm.json'], { files: { 'm.json': mapText(many) } });
    const documents = JSON.parse(host.out()) as { Statement: { Resource: string[] }[] }[];
    expect(documents.length).toBeGreaterThan(1);
    expect(documents.every((one) => JSON.stringify(one).length <= 6_144)).toBe(true);
    expect(documents.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource))).toHaveLength(200);
    expect(host.err()).toContain(`${documents.length} documents`);
  });
  test('a workload that AWS does not know', async () => {
    const { code, host } = await policies('--workload', 'op');
    expect([code, host.out()]).toEqual([0, '']);
    expect(host.err()).toBe('None of these 2 calls is a known action on AWS: is AWS visibility on for the pods?\n');
  });
});
