import { edgeKey } from '@nm/core';
import type { EdgeProtection, MapEvidenceMap, MapPort, PeerType } from '@nm/core';
import type { UiEdge, UiPeer } from '../graph/ui-edge.ts';

export interface FixtureSize {
  readonly workloads: number;
  readonly edges: number;
  readonly seed?: number;
  /** Milliseconds since the Unix epoch at which the map ends. */
  readonly now?: number;
}

/** The sizes that stories, tests and benchmarks use. */
export const FIXTURE_SIZES = {
  small: { workloads: 20, edges: 48 },
  medium: { workloads: 500, edges: 2_000 },
  large: { workloads: 2_000, edges: 10_000 },
  huge: { workloads: 20_000, edges: 100_000 },
} as const satisfies Readonly<Record<string, FixtureSize>>;

export const FIXTURE_NOW = Date.parse('2026-03-01T12:00:00Z');

const TEAMS = ['shop', 'payments', 'search', 'identity', 'orders', 'media', 'billing', 'catalog', 'delivery', 'analytics'] as const;
const PARTS = [
  'frontend',
  'api',
  'worker',
  'cache',
  'gateway',
  'store',
  'scheduler',
  'mailer',
  'indexer',
  'session',
  'sync',
  'reports',
] as const;
const KINDS = ['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'CronJob', 'DaemonSet'] as const;
const DOMAINS = [
  'api.stripe.example',
  'hooks.slack.example',
  'cdn.assets.example',
  'login.partner.example',
  'maps.geo.example',
  'mail.relay.example',
] as const;
const PORTS = [80, 443, 8080, 5432, 6379, 9090, 9092, 50051] as const;

/**
 * A map as a cluster of that size would give it: most calls inside a namespace or to a neighbouring one, some shared
 * services, internet names, Kafka, HTTP, cloud resources, lookups without connections, refusals. Same seed, same map.
 */
export function createFixtureMap({ workloads, edges, seed = 1, now = FIXTURE_NOW }: FixtureSize): UiEdge[] {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const perNamespace = workloads <= 40 ? 6 : 25;
  const namespaces = Math.max(1, Math.ceil(workloads / perNamespace));
  const peers = Array.from({ length: workloads }, (_, index) => toWorkload(index, perNamespace));
  const result = new Map<string, UiEdge>();
  const add = (client: UiPeer, server: UiPeer, more: Partial<UiEdge> & { readonly port?: number } = {}): void => {
    const { port = pick(PORTS), ...rest } = more;
    const lastSeen = now - Math.floor(random() ** 3 * 3 * 86_400_000);
    const firstSeen = lastSeen - Math.floor(random() * 86_400_000);
    const times = { firstSeen: new Date(firstSeen).toISOString(), lastSeen: new Date(lastSeen).toISOString() };
    const count = 1 + Math.floor(10 ** (random() * 4));
    const isLookup = random() < 0.06;
    const evidence: MapEvidenceMap = isLookup
      ? { dns: { count, ...times } }
      : { dns: { count: 1 + (count >> 2), ...times }, tcp: { count, ...times } };
    const ports: MapPort[] = isLookup ? [] : [{ port, protocol: 'TCP', evidence: { tcp: { count, ...times } } }];
    const id = edgeKey(client, server, undefined);
    if (!result.has(id))
      result.set(id, { id, client, server, class: 'app', shared: false, evidence, ports, protection: protectionOf(server), ...rest });
  };
  addSpecials(add, peers, now);
  for (let guard = 0; result.size < edges && guard < edges * 20; guard += 1) {
    const from = Math.floor(random() * workloads);
    const client = peers[from];
    if (client === undefined) continue;
    const roll = random();
    if (roll < 0.05) {
      add(
        client,
        {
          type: 'internet',
          domain: workloads > 400 ? `t${Math.floor(random() * (workloads / 10))}.${pick(DOMAINS)}` : pick(DOMAINS),
          addresses: ['203.0.113.7'],
          scope: 'public',
        },
        { port: 443 },
      );
      continue;
    }
    const home = Math.floor(from / perNamespace);
    const space =
      roll < 0.72
        ? home
        : roll < 0.95
          ? (home + 1 + Math.floor(random() * 3)) % namespaces
          : Math.floor(random() * Math.min(3, namespaces));
    const to = peers[Math.min(workloads - 1, space * perNamespace + Math.floor(random() * perNamespace))];
    if (to !== undefined && to !== client)
      add(client, to, roll > 0.2 && roll < 0.28 ? { http: [{ path: '/api/v1/items', methods: ['GET', 'POST'] }] } : {});
  }
  return [...result.values()].slice(0, edges);
}

/** Servers that a team guards, as any cluster has some; everybody else's are open. */
const GUARDED: ReadonlySet<string> = new Set(['api', 'cache', 'store', 'api-2']);

function protectionOf(server: UiPeer): EdgeProtection {
  if (server.type !== 'workload') return { network: { state: 'open', policies: [] } };
  if (!GUARDED.has(server.name)) return { network: { state: 'open', policies: [], serverSelected: false }, intents: 'unmanaged' };
  return {
    network: { state: 'allowed', policies: [`${server.namespace}/allow-${server.name}`], serverSelected: true },
    intents: 'declared',
  };
}

function addSpecials(
  add: (client: UiPeer, server: UiPeer, more?: Partial<UiEdge> & { readonly port?: number }) => void,
  peers: readonly UiPeer[],
  now: number,
): void {
  const [a, b, c, d] = peers;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return;
  const times = { count: 12, firstSeen: new Date(now - 7_200_000).toISOString(), lastSeen: new Date(now - 60_000).toISOString() };
  const kafka: UiPeer = {
    type: 'workload',
    cluster: 'main',
    namespace: 'kafka',
    name: 'kafka',
    kind: 'StatefulSet',
    labels: { app: 'kafka' },
  };
  add(a, kafka, { port: 9092, evidence: { tcp: times, kafka: times }, kafka: [{ topic: 'orders', operation: 'produce', allowed: true }] });
  add(b, kafka, {
    port: 9092,
    evidence: { tcp: times, kafka: times },
    kafka: [
      { topic: 'orders', operation: 'consume', allowed: true },
      { topic: 'payments', operation: 'consume', allowed: false },
    ],
  });
  add(
    c,
    { type: 'aws', resource: 'arn:aws:s3:::receipts', service: 's3' },
    { port: 443, evidence: { aws: times }, actions: [{ action: 's3:GetObject', count: 12 }] },
  );
  add({ type: 'internet', scope: 'public', addresses: ['198.51.100.4', '198.51.100.9'], addressCount: 1_204 }, a, {
    port: 443,
    evidence: { tcp: times },
  });
  add(d, { type: 'apiServer', cluster: 'main' }, { port: 6443, evidence: { tcp: times } });
  add(d, { type: 'node', cluster: 'main', name: 'worker-1' }, { port: 9100, evidence: { tcp: times } });
  add(
    a,
    { type: 'internet', domain: 'api.stripe.example', addresses: ['203.0.113.7'], scope: 'public' },
    { port: 443, evidence: { dns: times, tcp: times } },
  );
  add(b, c, {
    port: 5432,
    evidence: { dns: times, tcp: times },
    protection: {
      network: { state: 'denied', policies: [`${'namespace' in c ? (c.namespace ?? '') : ''}/default-deny`], serverSelected: true },
      intents: 'undeclared',
    },
  });
  add(c, d, {
    port: 8080,
    evidence: { dns: times, tcp: times },
    protection: { network: { state: 'allowed', policies: ['shop/allow-cache'], serverSelected: true }, intents: 'declared' },
  });
  add(
    a,
    { type: 'workload', cluster: 'main', namespace: 'kube-system', name: 'metrics-server', kind: 'Deployment' },
    { port: 443, evidence: { tcp: times } },
  );
  add({ type: 'node', cluster: 'main', name: 'worker-1' }, b, { port: 8080, class: 'system', evidence: { tcp: times } });
  add(b, { type: 'unknown', cluster: 'main', address: '10.0.9.9', reason: 'pod-gone' }, { port: 80, evidence: { tcp: times } });
}

function toWorkload(index: number, perNamespace: number): UiPeer & { readonly type: Extract<PeerType, 'workload'> } {
  const space = Math.floor(index / perNamespace);
  const team = TEAMS[space % TEAMS.length] ?? 'team';
  const round = Math.floor(space / TEAMS.length);
  const part = PARTS[index % PARTS.length] ?? 'part';
  const turn = Math.floor((index % perNamespace) / PARTS.length);
  const name = turn === 0 ? part : `${part}-${turn + 1}`;
  return {
    type: 'workload',
    cluster: 'main',
    namespace: round === 0 ? team : `${team}-${round + 1}`,
    name,
    kind: KINDS[index % KINDS.length] ?? 'Deployment',
    labels: { app: name, team },
  };
}

/** Mulberry32: small, seeded, good enough for pictures. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
