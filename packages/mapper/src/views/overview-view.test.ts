import { OVERVIEW } from '@nm/api';
import type { schema } from '@nm/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADDRESSES } from '../testing/shop-cluster.ts';
import { attempt, dataOf, startTestMapper } from '../testing/start-test-mapper.ts';
import type { TestMapper } from '../testing/start-test-mapper.ts';

const LOOKUP = {
  kind: 'dns',
  vantage: 'client',
  source: { address: ADDRESSES.frontend },
  destination: { protocol: 'UDP', name: 'api.example.com', addresses: ['93.184.216.34'] },
  count: 1,
} as const;

describe('the overview', () => {
  let mapper: TestMapper;
  beforeAll(async () => {
    mapper = await startTestMapper({ args: ['--environment-label', 'env'] });
    const at = mapper.now - 1_000;
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart),
      attempt(ADDRESSES.cart, ADDRESSES.kafka),
      attempt(ADDRESSES.frontend, ADDRESSES.kafka),
      attempt(ADDRESSES.cart, '198.51.100.9', { port: 443 }),
      { ...LOOKUP, firstSeenAt: at, lastSeenAt: at },
    ]);
  });
  afterAll(() => mapper.stop());

  async function overview(variables: schema.QueryOverviewArgs = {}): Promise<schema.Overview> {
    const { body } = await mapper.query(OVERVIEW.text, variables);
    return dataOf<{ overview: schema.Overview }>(body).overview;
  }

  test('groups both ends and counts what lies between', async () => {
    const { groups, links, linkCount, edgeCount } = await overview();
    expect(groups.map(({ id, peers, workloads, kinds, environment }) => [id, peers, workloads, kinds, environment])).toEqual([
      ['internet/public', 2, 0, {}, null],
      ['namespace/default/kafka', 1, 1, { StatefulSet: 1 }, null],
      ['namespace/default/shop', 2, 2, { Deployment: 2 }, 'production'],
    ]);
    expect(links.map(({ client, server, edges, evidence, lookedUpOnly }) => [client, server, edges, evidence, lookedUpOnly])).toEqual([
      ['namespace/default/shop', 'internet/public', 2, { dns: 1, tcp: 1 }, 1],
      ['namespace/default/shop', 'namespace/default/kafka', 2, { tcp: 2 }, 0],
      ['namespace/default/shop', 'namespace/default/shop', 1, { tcp: 1 }, 0],
    ]);
    expect({ linkCount, edgeCount }).toEqual({ linkCount: 3, edgeCount: 5 });
  });

  test.each<[string, schema.QueryOverviewArgs, number]>([
    ['a namespace', { filter: { client: { namespaces: ['kafka'] } } }, 0],
    ['a kind of evidence', { filter: { evidence: ['dns'] } }, 1],
    ['a type of peer', { filter: { server: { types: ['workload'] } } }, 3],
    ['a window without anything', { since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' }, 0],
  ])('has the edges that match %s, like the query edges', async (_, args, want) => {
    const { body } = await mapper.query(
      'query ($filter: EdgeFilter, $since: Time, $until: Time) { edges(filter: $filter, since: $since, until: $until) { totalCount window { since until } } }',
      args,
    );
    const { totalCount, window } = dataOf<{ edges: schema.EdgeConnection }>(body).edges;
    const answer = await overview(args);
    expect(answer.edgeCount).toBe(want);
    expect(totalCount).toBe(want);
    expect(answer.window).toEqual(window);
  });

  test('answers the links of most edges first, and says how many there are', async () => {
    const { links, linkCount } = await overview({ first: 1 });
    expect(links.map(({ server }) => server)).toEqual(['internet/public']);
    expect(linkCount).toBe(3);
  });

  test.each([0, 20_001])('first: %s is refused', async (first) => {
    const { body } = await mapper.query(OVERVIEW.text, { first });
    expect(body.errors?.[0]?.extensions?.['code']).toBe('ARGUMENT_INVALID');
  });
});
