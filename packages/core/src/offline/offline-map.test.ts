import { decodeDnsAnswer } from '@nm/wire';
import { describe, expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { ClusterChange } from '../cluster/records.ts';
import type { Edge } from '../model/edge.ts';
import type { Peer } from '../model/peer.ts';
import type { PacketView } from '../observe/packet-view.ts';
import { deployed, endpoints, node, owner, pod, ref, service, T } from '../testing/cluster.ts';
import { dnsPacket, synPacket } from '../testing/packets.ts';
import { createOfflineMap } from './offline-map.ts';

const CLIENT = '10.244.1.5';
const CLIENT6 = 'fd00:10:244:1::5';
const DNS = '10.96.0.10 53';
const DNS_POD = '10.244.1.2 53';
const BRIDGE = '10.244.1.1';
const NODE = '172.30.0.11';

const CLUSTER: readonly ClusterChange[] = [
  node('node-1', [NODE], ['10.244.1.0/24', 'fd00:10:244:1::/64']),
  ...deployed('front', [CLIENT, CLIENT6]),
  ...deployed('coredns', '10.244.1.2', { namespace: 'kube-system' }),
  service('kube-dns', '10.96.0.10', [{ port: 53, protocol: 'UDP' }], { namespace: 'kube-system', selector: { app: 'coredns' } }),
  ...deployed('web', '10.244.2.7', { ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }),
];

let id = 0;
let sequence = 0;
/** A lookup and its answer. */
function lookup(
  client: string,
  name: string,
  addresses: readonly string[],
  at: number,
  more: { readonly truncated?: boolean } = {},
): PacketView[] {
  id += 1;
  const type = addresses[0]?.includes(':') === true ? 'AAAA' : 'A';
  const answers = addresses.map((data) => ({ name, type, data }) as const);
  const port = 40_000 + id;
  return [
    dnsPacket({ from: `${client} ${port}`, to: DNS, id, name, type, at }),
    dnsPacket({ from: DNS, to: `${client} ${port}`, id, name, type, answers, at: at + 1, ...more }),
  ];
}

function connect(from: string, to: string, at: number): PacketView {
  sequence += 1;
  return synPacket({ from: `${from} ${50_000 + sequence}`, to, sequence: 1000 * sequence, at });
}

function mapOf(packets: readonly PacketView[], more: readonly ClusterChange[] = []): string[] {
  const view = createClusterView({ cluster: 'default' });
  for (const change of [...CLUSTER, ...more]) view.apply(change);
  const map = createOfflineMap({ view, decodeDnsAnswer });
  for (const packet of packets) {
    if (packet.protocol === 17) map.dns(packet);
    else map.tcpSyn(packet);
  }
  return [...map.finish().edges].map(line);
}

function line({ client, server, evidence, ports }: Edge): string {
  const seen = Object.entries(evidence).map(([kind, { count }]) => `${kind} ${count}`);
  const at = ports.map(({ port, servicePort }) => `${port ?? '?'}${servicePort === undefined ? '' : `<${servicePort}`}`);
  return [`${nameOf(client)} > ${nameOf(server)}`, ...seen, ...at].join(', ');
}

function nameOf(peer: Peer): string {
  if (peer.type === 'internet') return peer.domain ?? peer.addresses?.join() ?? '';
  return 'name' in peer ? `${peer.type === 'workload' ? peer.kind : peer.type} ${peer.name}` : peer.type;
}

/** What was found wrong in captures of a real cluster, each with the fewest packets that show it. */
describe('the map of a capture', () => {
  test.each<[string, readonly PacketView[], readonly ClusterChange[], readonly string[]]>([
    [
      'a pod that asks over IPv4 and connects over IPv6 connects to the name (rule 14)',
      [...lookup(CLIENT, 'api.example.com', ['2001:db8::7'], T), connect(CLIENT6, '2001:db8::7 443', T + 5)],
      [],
      ['Deployment front > api.example.com, dns 1, tcp 1, 443'],
    ],
    [
      'a node asks its own DNS pod from its bridge, and connects from its own address',
      [...lookup(BRIDGE, 'api.example.com', ['203.0.113.7'], T), connect(NODE, '203.0.113.7 443', T + 5)],
      [],
      ['node node-1 > api.example.com, dns 1, tcp 1, 443'],
    ],
    [
      'a bridge shows the node’s question after masquerade and the answer before it',
      [
        dnsPacket({ from: `${BRIDGE} 36493`, to: DNS_POD, id: 9, name: 'api.example.com', at: T }),
        dnsPacket({
          from: DNS_POD,
          to: `${NODE} 49600`,
          id: 9,
          name: 'api.example.com',
          answers: [{ name: 'api.example.com', type: 'A', data: '203.0.113.7' }],
          at: T + 1,
        }),
      ],
      [],
      ['node node-1 > api.example.com, dns 1'],
    ],
    [
      'an answer to a node from a server that was not asked is none',
      [
        dnsPacket({ from: `${BRIDGE} 36493`, to: DNS_POD, id: 9, name: 'api.example.com', at: T }),
        dnsPacket({
          from: '10.244.9.9 53',
          to: `${NODE} 49600`,
          id: 9,
          name: 'api.example.com',
          answers: [{ name: 'api.example.com', type: 'A', data: '203.0.113.7' }],
          at: T + 1,
        }),
      ],
      [],
      [],
    ],
    [
      'a client that takes a truncated answer connects to the name, though it never completed the lookup',
      [
        ...lookup(CLIENT, 'big.example.org', ['203.0.113.7', '203.0.113.8'], T, { truncated: true }),
        connect(CLIENT, '203.0.113.8 80', T + 5),
      ],
      [],
      ['Deployment front > big.example.org, tcp 1, 80'],
    ],
    [
      'an answer that the capture cut was one all the same: its header says that it has addresses',
      lookup(CLIENT, 'api.example.com', ['203.0.113.7'], T).map((packet, index) =>
        index === 0 ? packet : { ...packet, payloadLength: packet.payloadLength - 10, isCut: true },
      ),
      [],
      ['Deployment front > api.example.com, dns 1'],
    ],
    [
      'a broken answer that the capture did not cut is none',
      lookup(CLIENT, 'api.example.com', ['203.0.113.7'], T).map((packet) => ({ ...packet, payloadLength: packet.payloadLength - 1 })),
      [],
      [],
    ],
    [
      'connections to one address by two names are told apart, however fast they follow',
      [
        ...lookup(CLIENT, 'a.example.com', ['203.0.113.7'], T),
        connect(CLIENT, '203.0.113.7 443', T + 5),
        ...lookup(CLIENT, 'b.example.com', ['203.0.113.7'], T + 10),
        connect(CLIENT, '203.0.113.7 443', T + 15),
        connect(CLIENT, '203.0.113.7 443', T + 16),
      ],
      [],
      ['Deployment front > a.example.com, dns 1, tcp 1, 443', 'Deployment front > b.example.com, dns 1, tcp 2, 443'],
    ],
    [
      'a connection whose copy comes before the answer, by another clock, has the name all the same',
      [connect(CLIENT, '203.0.113.7 443', T - 500), ...lookup(CLIENT, 'a.example.com', ['203.0.113.7'], T)],
      [],
      ['Deployment front > a.example.com, dns 1, tcp 1, 443'],
    ],
    [
      'a bridge shows only the endpoint of a Service without selector: who was given its address asked for it',
      [...lookup(CLIENT, 'legacy.shop.svc.cluster.local', ['10.96.7.7'], T), connect(CLIENT, '198.51.100.20 8443', T + 5)],
      [
        service('legacy', '10.96.7.7', [{ port: 443 }], { selector: {} }),
        endpoints('legacy', ['198.51.100.20'], [{ port: 8443, protocol: 'TCP' }]),
      ],
      ['Deployment front > service legacy, dns 1, tcp 1, 8443<443'],
    ],
    [
      'who was given nothing connects to the address itself',
      [connect(CLIENT, '198.51.100.20 8443', T + 5)],
      [
        service('legacy', '10.96.7.7', [{ port: 443 }], { selector: {} }),
        endpoints('legacy', ['198.51.100.20'], [{ port: 8443, protocol: 'TCP' }]),
      ],
      ['Deployment front > 198.51.100.20, tcp 1, 8443'],
    ],
    [
      'a Service’s ports are those of the time (rule 13)',
      [connect(CLIENT, '10.96.5.5 80', T), connect(CLIENT, '10.96.5.5 80', T + 10_000)],
      [
        service('web', '10.96.5.5', [{ port: 80, targetPort: 8080 }]),
        { ...service('web', '10.96.5.5', [{ port: 80, targetPort: 9090 }]), at: T + 5_000 },
      ],
      ['Deployment front > Deployment web, tcp 2, 8080<80, 9090<80'],
    ],
    [
      'they are so too when the dump that was taken last is read first',
      [connect(CLIENT, '10.96.5.5 80', T), connect(CLIENT, '10.96.5.5 80', T + 10_000)],
      [
        { ...service('web', '10.96.5.5', [{ port: 80, targetPort: 9090 }]), at: T + 60_000 },
        { ...service('web', '10.96.5.5', [{ port: 80, targetPort: 8080 }]), at: T - 60_000, past: true },
        { ...service('web', '10.96.5.5', [{ port: 80, targetPort: 9090 }]), at: T + 5_000 },
      ],
      ['Deployment front > Deployment web, tcp 2, 8080<80, 9090<80'],
    ],
    [
      'a Service that was an ExternalName before is the external name until then (rule 10)',
      [
        ...lookup(CLIENT, 'web.shop.svc.cluster.local', ['203.0.113.7'], T),
        ...lookup(CLIENT, 'web.shop.svc.cluster.local', ['10.96.5.5'], T + 10_000),
      ],
      [
        service('web', '', [], { headless: false, type: 'ExternalName', externalName: 'web.example.com', selector: {} }),
        { ...service('web', '10.96.5.5', [{ port: 80 }]), at: T + 5_000 },
      ],
      ['Deployment front > Deployment web, dns 1', 'Deployment front > web.example.com, dns 1'],
    ],
    [
      'a node port is a Service’s only while it is',
      [connect(CLIENT, `${NODE} 30080`, T), connect(CLIENT, `${NODE} 30080`, T + 10_000)],
      [
        service('web', '10.96.5.5', [{ port: 80, targetPort: 8080, nodePort: 30_080 }], { type: 'NodePort' }),
        { ...service('web', '10.96.5.5', [{ port: 80, targetPort: 8080 }]), at: T + 5_000 },
      ],
      ['Deployment front > Deployment web, tcp 1, 8080<80', 'Deployment front > node node-1, tcp 1, 30080'],
    ],
    [
      'only pods that have the port’s name answer on it (rule 12)',
      [connect(CLIENT, '10.96.5.5 80', T)],
      [
        service('both', '10.96.5.5', [{ port: 80, targetPort: 'http' }], { selector: { part: 'x' } }),
        ...deployed('one', '10.244.2.8', { labels: { part: 'x' }, ports: [{ name: 'http', containerPort: 7001, protocol: 'TCP' }] }),
        ...deployed('other', '10.244.2.9', { labels: { part: 'x' }, ports: [{ name: 'grpc', containerPort: 7002, protocol: 'TCP' }] }),
      ],
      ['Deployment front > Deployment one, tcp 1, 7001<80'],
    ],
    [
      'a connection to a pod that is gone, by a name that still led to it, is one to whom the name stands for',
      [...lookup(CLIENT, 'db.shop.svc.cluster.local', ['10.244.2.20'], T), connect(CLIENT, '10.244.2.20 5432', T + 5)],
      [
        service('db', '', [{ port: 5432 }]),
        ...deployed('db', '10.244.2.20', { name: 'db-old', finishedAt: T - 60_000 }),
        ...deployed('db', '10.244.2.21', { name: 'db-new' }),
      ],
      ['Deployment front > Deployment db, dns 1, tcp 1, 5432<5432'],
    ],
    [
      'by its address alone it is one to nobody that is known',
      [connect(CLIENT, '10.244.2.20 5432', T)],
      [service('db', '', [{ port: 5432 }]), ...deployed('db', '10.244.2.20', { name: 'db-old', finishedAt: T - 60_000 })],
      [],
    ],
    [
      'a pod whose ReplicaSet came after the dump is of the Deployment that has the other ReplicaSets',
      [connect('10.244.1.6', '203.0.113.7 443', T)],
      [
        owner('ReplicaSet', 'shop-api-6d45fbd56c', 'uid-old', 'shop', [ref('Deployment', 'shop-api', 'uid-api')]),
        pod('shop-api-7f8', '10.244.1.6', {
          labels: { 'pod-template-hash': '7f8c9' },
          owners: [ref('ReplicaSet', 'shop-api-7f8c9', 'uid-new')],
        }),
      ],
      ['Deployment shop-api > 203.0.113.7, tcp 1, 443'],
    ],
    [
      'the same when the dump is read after the pods',
      [connect('10.244.1.6', '203.0.113.7 443', T)],
      [
        pod('shop-api-7f8', '10.244.1.6', {
          labels: { 'pod-template-hash': '7f8c9' },
          owners: [ref('ReplicaSet', 'shop-api-7f8c9', 'uid-new')],
        }),
        owner('ReplicaSet', 'shop-api-6d45fbd56c', 'uid-old', 'shop', [ref('Deployment', 'shop-api', 'uid-api')]),
      ],
      ['Deployment shop-api > 203.0.113.7, tcp 1, 443'],
    ],
    [
      'a Job that is gone belongs to the CronJob after which it is named',
      [connect('10.244.1.6', '203.0.113.7 443', T)],
      [
        owner('CronJob', 'nightly', 'uid-cron', 'shop', []),
        pod('nightly-29921484-x', '10.244.1.6', { owners: [ref('Job', 'nightly-29921484', 'uid-job')] }),
      ],
      ['CronJob nightly > 203.0.113.7, tcp 1, 443'],
    ],
    [
      'a chain of owners is cut where nothing tells more',
      [connect('10.244.1.6', '203.0.113.7 443', T)],
      [
        owner('CronJob', 'nightly', 'uid-cron', 'shop', []),
        pod('nightly-2-x', '10.244.1.6', { owners: [ref('Job', 'nightly-2', 'uid-job')] }),
      ],
      ['Job nightly-2 > 203.0.113.7, tcp 1, 443'],
    ],
  ])('%s', (_, packets, changes, expected) => {
    expect(mapOf(packets, changes).toSorted()).toEqual([...expected].toSorted());
  });
});
