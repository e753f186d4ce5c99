import { DECLARED_CALLS, OVERVIEW } from '@nm/api';
import type { schema } from '@nm/api';
import type { ClusterChange } from '@nm/core';
import { toClusterChanges } from '@nm/kube';
import { afterEach, describe, expect, test } from 'vitest';
import type { ApplyChange } from '../cluster/cluster-source.ts';
import { ADDRESSES, shopObjects } from '../testing/shop-cluster.ts';
import { attempt, dataOf, startTestMapper } from '../testing/start-test-mapper.ts';
import type { TestMapper } from '../testing/start-test-mapper.ts';

const EDGES = `query ($filter: EdgeFilter) { edges(filter: $filter) { nodes {
  client { name } server { type name domain }
  protection { intents network { state policies serverSelected caveats exceptions { port state } } mesh { state policies } }
} } }`;

let mapper: TestMapper;
afterEach(() => mapper.stop());

const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object): object => ({
  apiVersion,
  kind,
  metadata: { namespace, name, uid: `${kind}-${namespace}-${name}` },
  spec,
});
const policy = (namespace: string, name: string, spec: object): object =>
  object('networking.k8s.io/v1', 'NetworkPolicy', namespace, name, spec);
const DENY_ALL = policy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress'] });
const WEB_TO_CART = policy('shop', 'web-to-cart', {
  podSelector: { matchLabels: { app: 'cart' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { tier: 'web' } } }], ports: [{ port: 8080 }] }],
});
const ONLY_CART = object('security.istio.io/v1', 'AuthorizationPolicy', 'kafka', 'only-cart', {
  rules: [{ from: [{ source: { principals: ['cluster.local/ns/shop/sa/cart'] } }] }],
});
const intents = (name: string, targets: readonly object[]): object =>
  object('k8s.otterize.com/v2beta1', 'ClientIntents', 'shop', name, { workload: { name, kind: 'Deployment' }, targets });

/** What a protection says in short: `network/mesh/intents`. */
function short(protection: schema.Protection | null | undefined): string {
  return [protection?.network?.state, protection?.mesh?.state, protection?.intents].map((state) => state ?? '-').join('/');
}

async function protections(): Promise<Readonly<Record<string, string>>> {
  const { body } = await mapper.query(EDGES, {});
  return Object.fromEntries(
    dataOf<{ edges: schema.EdgeConnection }>(body).edges.nodes.map(({ client, server, protection }) => [
      `${client.name ?? ''}->${server.name ?? server.domain ?? server.type}`,
      short(protection),
    ]),
  );
}

async function start(objects: readonly object[]): Promise<void> {
  mapper = await startTestMapper({ objects });
  await mapper.report([
    attempt(ADDRESSES.frontend, ADDRESSES.cart),
    attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port: 9092 }),
    attempt(ADDRESSES.cart, ADDRESSES.kafka, { port: 9092 }),
    attempt(ADDRESSES.kafka, ADDRESSES.cart),
    attempt(ADDRESSES.cart, '198.51.100.9', { port: 443 }),
  ]);
}

describe('the protection of an edge', () => {
  const cases: readonly [string, readonly object[], Readonly<Record<string, string>>][] = [
    [
      'without policies everything is open, and what is not there says nothing',
      [],
      {
        'frontend->cart': 'open/-/-',
        'frontend->kafka': 'open/-/-',
        'cart->kafka': 'open/-/-',
        'kafka->cart': 'open/-/-',
        'cart->internet': 'open/-/-',
      },
    ],
    [
      'NetworkPolicies',
      [DENY_ALL, WEB_TO_CART],
      {
        'frontend->cart': 'allowed/-/-',
        'frontend->kafka': 'open/-/-',
        'cart->kafka': 'open/-/-',
        'kafka->cart': 'denied/-/-',
        'cart->internet': 'open/-/-',
      },
    ],
    [
      'a denied egress',
      [policy('shop', 'none-out', { podSelector: { matchLabels: { app: 'cart' } }, policyTypes: ['Egress'] })],
      {
        'frontend->cart': 'open/-/-',
        'frontend->kafka': 'open/-/-',
        'cart->kafka': 'denied/-/-',
        'kafka->cart': 'open/-/-',
        'cart->internet': 'denied/-/-',
      },
    ],
    [
      'AuthorizationPolicies',
      [ONLY_CART],
      {
        'frontend->cart': 'open/open/-',
        'frontend->kafka': 'open/denied/-',
        'cart->kafka': 'open/allowed/-',
        'kafka->cart': 'open/open/-',
        'cart->internet': 'open/-/-',
      },
    ],
    [
      'declared intents: by Service, by name, of another client',
      [intents('frontend', [{ service: { name: 'cart' } }]), intents('cart', [{ kafka: { name: 'kafka.kafka' } }])],
      {
        // The attempt went to the pod, not to the Service that was declared.
        'frontend->cart': 'open/-/undeclared',
        'frontend->kafka': 'open/-/undeclared',
        'cart->kafka': 'open/-/declared',
        'kafka->cart': 'open/-/undeclared',
        'cart->internet': 'open/-/unmanaged',
      },
    ],
  ];
  test.each(cases)('%s', async (_, objects, want) => {
    const accounts = new Map([
      ['cart', 'cart'],
      ['frontend', 'frontend'],
    ]);
    const withAccounts = shopObjects().map((each) => {
      const pod = each as { kind: string; metadata: { labels?: { app?: string } }; spec?: object };
      const account = accounts.get(pod.metadata.labels?.app ?? '');
      return pod.kind === 'Pod' && account !== undefined ? { ...pod, spec: { ...pod.spec, serviceAccountName: account } } : pod;
    });
    await start([...withAccounts.filter((each) => each.kind === 'Pod'), ...objects]);
    expect(await protections()).toEqual(want);
    // The overview tells the same in sums.
    const { body } = await mapper.query(OVERVIEW.text, {});
    const sums: Record<string, number> = {};
    for (const { protection } of dataOf<{ overview: schema.Overview }>(body).overview.links) {
      for (const [kind, counts] of Object.entries(protection)) {
        for (const [state, edges] of Object.entries(counts as Readonly<Record<string, number>>))
          sums[`${kind} ${state}`] = (sums[`${kind} ${state}`] ?? 0) + edges;
      }
    }
    const wanted: Record<string, number> = {};
    for (const states of Object.values(want)) {
      for (const [index, state] of states.split('/').entries()) {
        const key = `${['network', 'mesh', 'intents'][index] ?? ''} ${state}`;
        if (state !== '-') wanted[key] = (wanted[key] ?? 0) + 1;
      }
    }
    expect(sums).toEqual(wanted);
  });

  test('names the policies that decide, and ports for which it is otherwise', async () => {
    await start([DENY_ALL, WEB_TO_CART]);
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { port: 9999 })]);
    const { body } = await mapper.query(EDGES, { filter: { client: { names: ['frontend'] }, server: { names: ['cart'] } } });
    expect(dataOf<{ edges: schema.EdgeConnection }>(body).edges.nodes[0]?.protection?.network).toEqual({
      state: 'denied',
      policies: ['shop/deny', 'shop/web-to-cart'],
      serverSelected: true,
      caveats: null,
      exceptions: [{ port: 8080, state: 'allowed' }],
    });
  });
});

describe('what changes', () => {
  test('is seen at once: a policy, its end, labels of a namespace and of pods', async () => {
    let apply: ApplyChange = () => undefined;
    mapper = await startTestMapper({
      createSource: (given) => {
        apply = given;
        return {
          isLive: false,
          health: () => ({ ok: true }),
          start: () => {
            for (const each of shopObjects()) for (const change of toClusterChanges(each)) given(change);
            return Promise.resolve();
          },
          stop: () => Promise.resolve(),
        };
      },
    });
    const told = (each: object, deleted = false): void => {
      for (const change of toClusterChanges(each, { deleted, at: mapper.now })) apply(change as ClusterChange);
    };
    await mapper.report([attempt(ADDRESSES.kafka, ADDRESSES.cart)]);
    const state = async (): Promise<string | undefined> => {
      // The overview's sums are kept for two seconds.
      mapper.now += 3_000;
      const { body } = await mapper.query(OVERVIEW.text, {});
      const [link] = dataOf<{ overview: schema.Overview }>(body).overview.links;
      const own = (await protections())['kafka->cart'];
      expect(own).toBe(`${Object.keys(link?.protection.network ?? {}).join()}/-/-`);
      return own;
    };
    const BY_LABEL = policy('shop', 'by-label', {
      podSelector: { matchLabels: { app: 'cart' } },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'data' } } }] }],
    });
    expect(await state()).toBe('open/-/-');
    told(BY_LABEL);
    expect(await state()).toBe('denied/-/-');
    told({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kafka', uid: 'Namespace--kafka', labels: { team: 'data' } } });
    expect(await state()).toBe('allowed/-/-');
    const pods = shopObjects().filter((each) => (each as { metadata: { labels?: { app?: string } } }).metadata.labels?.app === 'cart');
    for (const pod of pods as { metadata: object }[]) told({ ...pod, metadata: { ...pod.metadata, labels: { app: 'basket' } } });
    expect(await state()).toBe('open/-/-');
    for (const pod of pods) told(pod);
    expect(await state()).toBe('allowed/-/-');
    told(BY_LABEL, true);
    expect(await state()).toBe('open/-/-');
  });
});

describe('the protection of a workload', () => {
  test('who restricts it, and what would', async () => {
    await start([DENY_ALL, WEB_TO_CART, ONLY_CART, intents('frontend', [{ service: { name: 'cart' } }])]);
    const { body } = await mapper.query(
      `{ workloads { nodes { name protection { state ingress egress mesh intents hostNetwork } } } one: workloads(filter: { workloads: [{ name: "cart", namespace: "shop" }] }) { nodes { name } } }`,
    );
    const answer = dataOf<{ workloads: schema.WorkloadConnection; one: schema.WorkloadConnection }>(body);
    const none = { ingress: [], egress: [], mesh: [], intents: [], hostNetwork: false };
    expect(answer.workloads.nodes.map(({ name, protection }) => [name, protection])).toEqual([
      ['kafka', { ...none, state: 'protected', mesh: ['kafka/only-cart'] }],
      ['cart', { ...none, state: 'protected', ingress: ['shop/deny', 'shop/web-to-cart'], intents: ['shop/frontend'] }],
      ['frontend', { ...none, state: 'protected', ingress: ['shop/deny'] }],
    ]);
    expect(answer.one.nodes).toEqual([{ name: 'cart' }]);
    const overview = dataOf<{ overview: schema.Overview }>((await mapper.query(OVERVIEW.text, {})).body).overview;
    expect(overview.groups.find(({ namespace }) => namespace === 'shop')?.servers).toEqual({ protected: 1, open: 0 });
  });
});

describe('declared calls', () => {
  test('seen and never seen', async () => {
    await start([
      intents('frontend', [
        { kubernetes: { name: 'cart' } },
        { kubernetes: { name: 'ghost', kind: 'Job' } },
        { service: { name: 'kubernetes.default' } },
      ]),
      intents('cart', [
        { internet: { domains: ['api.example.com', 'x.example.com'], ports: [443] } },
        { kafka: { name: 'kafka.kafka', topics: [{ name: 'orders' }] } },
      ]),
    ]);
    await mapper.report([
      {
        kind: 'dns',
        vantage: 'client',
        source: { address: ADDRESSES.cart },
        destination: { protocol: 'UDP', name: 'api.example.com', addresses: ['93.184.216.34'] },
        count: 1,
        firstSeenAt: mapper.now,
        lastSeenAt: mapper.now,
      },
    ]);
    const ask = async (variables: schema.QueryDeclaredCallsArgs): Promise<schema.DeclaredCalls> =>
      dataOf<{ declaredCalls: schema.DeclaredCalls }>((await mapper.query(DECLARED_CALLS.text, variables)).body).declaredCalls;
    const all = await ask({});
    expect(
      all.nodes.map(
        ({ client, server, state }) => `${client.name ?? ''}->${server.name ?? server.domain ?? server.type} ${server.kind ?? ''} ${state}`,
      ),
    ).toEqual([
      'cart->api.example.com  declared',
      'cart->x.example.com  unseen',
      'cart->kafka StatefulSet declared',
      'frontend->apiServer  unseen',
      'frontend->cart Deployment declared',
      'frontend->ghost Job unseen',
    ]);
    expect([all.totalCount, all.unseenCount]).toEqual([6, 3]);
    expect((await ask({ unseen: true, first: 1 })).nodes).toHaveLength(1);
    expect((await ask({ namespaces: ['other'] })).totalCount).toBe(0);
  });
});
