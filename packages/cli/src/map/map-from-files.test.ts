import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Edge } from '@nm/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildMapOptions } from './map-contract.ts';
import { mapFromFiles } from './map-from-files.ts';

const CLIENT = '11111111-1111-4111-8111-111111111111';
const SERVER = '22222222-2222-4222-8222-222222222222';
const SEEN_AT = '2026-01-02T03:04:05Z';
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, inode: number): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 20 4 30 10 -1\n`;

const pod = (name: string, uid: string, address: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid, labels: { app: name }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ containerPort: 8080 }] }] },
  status: {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [{ name: 'c', state: { running: { startedAt: '2026-01-01T00:00:01Z' } } }],
  },
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/nm-map-`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

test('--proc: a connection that was open before anybody captured is an edge (rule 4)', async () => {
  write({
    'kube.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [pod('frontend', CLIENT, '10.0.0.1'), pod('cart', SERVER, '10.0.0.2')],
    }),
    'proc/time': `${SEEN_AT}\n`,
    'proc/10/cgroup': `0::/kubepods/besteffort/pod${CLIENT}/abc\n`,
    'proc/10/ns/net.readlink': 'net:[1]',
    'proc/10/net/tcp': HEADER + row('0100000A:9C40', '0200000A:1F90', '01', 5),
    'proc/20/cgroup': `0::/kubepods/besteffort/pod${SERVER}/def\n`,
    'proc/20/ns/net.readlink': 'net:[2]',
    'proc/20/net/tcp': HEADER + row('00000000:1F90', '00000000:0000', '0A', 6) + row('0200000A:1F90', '0100000A:9C40', '01', 7),
  });
  const options: BuildMapOptions = {
    pcap: [],
    kube: [join(folder, 'kube.json')],
    proc: [join(folder, 'proc')],
    clusterName: 'default',
    clusterDomain: 'cluster.local',
    customOwners: [],
  };
  const { edges, summary } = await mapFromFiles(options, { signal: new AbortController().signal, onProgress: () => undefined });
  const found: Edge[] = [...edges];
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    client: { type: 'workload', namespace: 'shop', name: 'frontend' },
    server: { type: 'workload', namespace: 'shop', name: 'cart' },
    evidence: { socket: { count: 1 } },
    ports: [{ port: 8080, protocol: 'TCP' }],
  });
  expect(summary.sockets).toBeGreaterThan(0);
});
