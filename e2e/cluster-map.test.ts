import { join } from 'node:path';
import { buildMap } from '@nm/cli';
import { describe, expect, test } from 'vitest';
import { mapLine, mapName } from './support/map-lines.ts';

/** A capture of both nodes of a real dual-stack cluster; samples/README.md says what its workloads did. */
const SAMPLE = join(import.meta.dirname, '../samples/cluster');
const KUBE = [join(SAMPLE, 'dump'), join(SAMPLE, 'watch')];
const NODES = [join(SAMPLE, 'node-1.pcap.gz'), join(SAMPLE, 'node-2.pcap.gz')];
const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
const base = { proc: [], clusterName: 'lab', clusterDomain: 'cluster.local', customOwners: [] };

/** What the shop's own logs say that it did, 51 rounds in the time of the capture; then what Kubernetes itself does. */
const SHOP = [
  // A lookup is two transactions (A and AAAA) where the Service has both families.
  'Pod/shop/bare > Deployment/shop/web, dns 102, tcp 51, 8080<80',
  'Deployment/shop/dbclient > StatefulSet/shop/db, dns 102, tcp 102, 5432<5432',
  'Deployment/shop/egress > 198.51.100.9, tcp 51, 80',
  'Deployment/shop/egress > db.example.net, dns 51, tcp 51, 443',
  'Deployment/shop/front > api.example.com, dns 204, tcp 102, 443, 443',
  'Deployment/shop/front > Deployment/shop/cart, dns 102, tcp 51, 7070<7070',
  'Deployment/shop/front > Service/shop/legacy, dns 51, tcp 51, 443<443',
  'Deployment/shop/front > Deployment/shop/web, dns 102, tcp 51, 8080<80',
  'Deployment/shop/ipclient > Deployment/shop/cart, tcp 17, 7070',
  'CronJob/shop/nightly > Deployment/shop/cart, dns 4, tcp 2, 7070<7070',
  'Deployment/shop/onlylook > Deployment/shop/cart, dns 102',
  'Deployment/shop/onlylook > www.example.org, dns 51',
  'Deployment/shop/sixer > Deployment/shop/web, dns 51, tcp 51, 8080<80',
  'Deployment/shop/splitter > Deployment/shop/split-a, dns 27, tcp 13, 9000<9000',
  'Deployment/shop/splitter > Deployment/shop/split-b, dns 51, tcp 38, 9000<9000',
  'Deployment/staging/front > Deployment/shop/web, dns 102, tcp 51, 8080<80',
  'Deployment/staging/front > Deployment/staging/cart, dns 51, tcp 51, 7070<7070',
  // A client on the host network: at least its node.
  'node node-1 > Deployment/shop/cart, dns 104, tcp 52, 7070',
  // Somebody outside, through the NodePort of either node.
  '172.30.8.2 > Deployment/shop/web, tcp 6, 8080<80',
];

const KUBERNETES = ['apiServer > node node-1, tcp 1, 10250', 'apiServer > node node-2, tcp 1, 10250'];

describe('the map of a real cluster in which pods are rolled, replaced and scaled', () => {
  test('every call that was made, counted once, and no other', async () => {
    const { edges, summary } = await buildMap({ ...base, kube: KUBE, pcap: NODES }, hooks);
    const all = [...edges];
    expect(
      all
        .filter((edge) => edge.class === 'app')
        .map(mapLine)
        .toSorted(),
    ).toEqual([...SHOP, ...KUBERNETES].toSorted());
    // The kubelets' probes of the DNS pods are node-local.
    expect(all.filter((edge) => edge.class === 'system').map(({ client, server }) => `${mapName(client)} > ${mapName(server)}`)).toEqual([
      'node node-1 > Deployment/kube-system/coredns',
      'node node-2 > Deployment/kube-system/coredns',
    ]);
    expect(summary.attempts).toBe(923);
  });

  test('the order of captures and dumps does not matter', async () => {
    const one = await buildMap({ ...base, kube: KUBE, pcap: NODES }, hooks);
    const other = await buildMap({ ...base, kube: KUBE.toReversed(), pcap: NODES.toReversed() }, hooks);
    expect([...other.edges].map(mapLine)).toEqual([...one.edges].map(mapLine));
  });

  test('one node’s capture alone invents nobody', async () => {
    const { edges } = await buildMap({ ...base, kube: KUBE, pcap: NODES.slice(1) }, hooks);
    const known = new Set([...SHOP, ...KUBERNETES].map((each) => each.split(',')[0]));
    const pairs = [...edges].filter((edge) => edge.class === 'app').map(({ client, server }) => `${mapName(client)} > ${mapName(server)}`);
    // Traffic from outside that node-1 masqueraded has node-1's address here: only its own capture could tell.
    expect(pairs.filter((pair) => !known.has(pair))).toEqual(['node node-1 > Deployment/shop/web']);
  });
});
