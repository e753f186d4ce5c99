import { EDGES } from '@nm/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from './store/testing/embedded-postgres.ts';
import type { PostgresForTests } from './store/testing/embedded-postgres.ts';
import { ADDRESSES } from './testing/shop-cluster.ts';
import { attempt, dataOf, startTestMapper } from './testing/start-test-mapper.ts';
import type { TestMapper } from './testing/start-test-mapper.ts';

interface Edges {
  readonly edges: { readonly nodes: readonly { readonly client: { readonly cluster: string; readonly name: string } }[] };
}

let postgres: PostgresForTests;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

/** `kube-system` is what tells clusters apart: the shop of each has another one. */
function startIn(cluster: string, url: string): Promise<TestMapper> {
  const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: `uid-of-${cluster}` } };
  return startTestMapper({ args: ['--store', url, '--cluster-name', cluster], objects: [kubeSystem] });
}

async function clientsOf(mapper: TestMapper, filter: object = {}): Promise<string[]> {
  const { body } = await mapper.query(EDGES.text, { first: 100, filter });
  return dataOf<Edges>(body).edges.nodes.map(({ client }) => `${client.cluster}/${client.name}`);
}

test('mappers of several clusters share one PostgreSQL, and each shows all of them', async () => {
  const url = await postgres.createDatabase();
  const mappers = await Promise.all(['east', 'west', 'north'].map((cluster) => startIn(cluster, url)));
  const [east, west] = mappers;
  if (east === undefined || west === undefined) throw new Error('no mappers');
  try {
    // At the same time, with the same addresses, names and sequences: only the cluster differs.
    await Promise.all(
      mappers.flatMap((mapper, index) =>
        Array.from({ length: 5 }, () =>
          mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { reporter: { instance: `sniffer-${index}` } }),
        ),
      ),
    );
    const all = ['east/frontend', 'north/frontend', 'west/frontend'];
    for (const mapper of mappers) expect((await clientsOf(mapper)).toSorted()).toEqual(all);
    expect(await clientsOf(east, { clusters: ['west'] })).toEqual(['west/frontend']);

    const { body } = await east.query('{ clusters { name id own } intents { client { name } } }');
    expect(dataOf(body)).toEqual({
      clusters: [
        { name: 'east', id: 'uid-of-east', own: true },
        { name: 'north', id: 'uid-of-north', own: false },
        { name: 'west', id: 'uid-of-west', own: false },
      ],
      // The compatible view knows one cluster: its own.
      intents: [{ client: { name: 'frontend' } }],
    });

    west.now += 1_000;
    await west.query('mutation { resetCapture }');
    expect((await clientsOf(east)).toSorted(), 'a reset is of one cluster').toEqual(['east/frontend', 'north/frontend']);
  } finally {
    await Promise.all(mappers.map((mapper) => mapper.stop()));
  }
}, 60_000);

test('a name that another cluster holds stops the start and says so', async () => {
  const url = await postgres.createDatabase();
  const first = await startIn('east', url);
  const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'uid-of-another' } };
  await expect(startTestMapper({ args: ['--store', url, '--cluster-name', 'east'], objects: [kubeSystem] })).rejects.toThrow(
    /another cluster named east \(UID uid-of-east\)/,
  );
  await first.stop();
}, 60_000);
