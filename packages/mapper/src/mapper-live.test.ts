import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLiveSource } from './cluster/live-source.ts';
import { ADDRESSES, shopObjects } from './testing/shop-cluster.ts';
import { attempt, startTestMapper } from './testing/start-test-mapper.ts';
import type { TestMapper } from './testing/start-test-mapper.ts';

let folder: string;
let api: FakeApiServer;
const mappers: TestMapper[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-live-'));
  api = await createFakeApiServer();
  for (const object of shopObjects()) api.put(object as Parameters<typeof api.put>[0]);
  await writeFile(join(folder, 'kubeconfig'), api.kubeconfig());
});

afterEach(async () => {
  for (const mapper of mappers.splice(0)) await mapper.stop();
  await api.close();
  await rm(folder, { recursive: true });
});

/** A mapper of the cluster behind the API, with a store that outlives it. */
async function start(ownerKinds: readonly string[] = []): Promise<TestMapper> {
  const mapper = await startTestMapper({
    args: ['--store', `sqlite:${join(folder, 'map.db')}`, '--resolve-wait', '60s'],
    createSource: (apply) =>
      createLiveSource({ apply, log: silentLogger, env: {} }, { kubeconfig: join(folder, 'kubeconfig'), ownerKinds }),
  });
  mappers.push(mapper);
  return mapper;
}

async function clientNames(mapper: TestMapper): Promise<unknown> {
  return (await mapper.query('{ edges { nodes { client { name } } } }')).body.data;
}

describe('a pod that is gone when its calls are reported', () => {
  const deletePod = (): void => api.remove('Pod', 'shop', 'frontend-1');
  const podsOf = async (mapper: TestMapper): Promise<unknown> =>
    (await mapper.query('{ pods(workload: {namespace: "shop", name: "frontend"}) { name } }')).body.data?.['pods'];

  test.each([
    ['deleted before the mapper stopped', true],
    ['deleted while no mapper ran', false],
  ])('%s: a mapper started later still knows whose address it was', async (_, isSeen) => {
    const first = await start();
    expect(await podsOf(first)).toEqual([{ name: 'frontend-1' }]);
    if (isSeen) deletePod();
    await expect.poll(() => podsOf(first)).toEqual(isSeen ? [] : [{ name: 'frontend-1' }]);
    await mappers.pop()?.stop();
    if (!isSeen) deletePod();

    const second = await start();
    expect(await podsOf(second)).toEqual([]);
    await second.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    expect(await clientNames(second)).toEqual({ edges: { nodes: [{ client: { name: 'frontend' } }] } });
  });
});

describe('readiness', () => {
  const readiness = async (mapper: TestMapper): Promise<unknown> => JSON.parse((await mapper.send('/readyz')).text);

  test('names every kind that may not be read; the rest works', async () => {
    api.forbid('jobs');
    api.forbid('networkpolicies');
    const mapper = await start();
    expect(await readiness(mapper)).toMatchObject({
      ready: true,
      checks: { cluster: { ok: true, detail: 'jobs.batch: forbidden, networkpolicies.networking.k8s.io: forbidden' } },
    });
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    expect(await clientNames(mapper)).toEqual({ edges: { nodes: [{ client: { name: 'frontend' } }] } });
  });
});
