import { join } from 'node:path';
import { buildMap } from '@nm/cli';
import { describe, expect, test } from 'vitest';
import { mapLine, mapName } from './support/map-lines.ts';

/** Captures of the bridges and uplinks of both nodes of a real cluster; samples/README.md says what its programs did. */
const SAMPLE = join(import.meta.dirname, '../samples/bridges');
const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
const options = {
  kube: [join(SAMPLE, 'dump'), join(SAMPLE, 'watch')],
  pcap: [join(SAMPLE, 'node-1.pcapng.gz'), join(SAMPLE, 'node-2.pcapng.gz')],
  proc: [],
  clusterName: 'lab',
  clusterDomain: 'cluster.local',
  customOwners: [],
};

/**
 * What the programs' own logs say. glibc with EDNS or over TCP asks for `big` three times (its buffer grows); musl takes
 * the truncated answer, which is no lookup. On a bridge packets come after address translation: a Service's own port shows
 * only where nothing translates (headless), or no pod is behind.
 */
const CALLS = [
  '172.30.8.2 > Deployment/red-a/api, tcp 10, 8080<80',
  'node node-1 > www.example.org, dns 21, tcp 21, 443',
  'node node-1 > Deployment/red-a/api, dns 42, tcp 41, 8080',
  'node node-1 > DaemonSet/red-a/hostsrv, tcp 20, 19100',
  'node node-2 > Deployment/red-a/api, dns 52, tcp 26, 8080',
  'node node-2 > Deployment/red-a/multi-a, dns 26, tcp 26, 7001',
  'node node-2 > Deployment/red-a/multi-b, dns 26, shared',
  'Pod/red-a/c-bare > apiServer, dns 18, tcp 18, 6443<443',
  'Pod/red-a/c-bare > Deployment/red-a/api, dns 36, tcp 18, 8080',
  'Deployment/red-a/c-churn > Deployment/red-a/roller, dns 132, tcp 132, 6400, 6400<6400',
  'Deployment/red-a/c-churn > Deployment/red-a/scaler, dns 66, tcp 66, 6500, 6500<65',
  'Deployment/red-a/c-duo > Deployment/red-a/api, dns 52, tcp 26, 8080',
  'Deployment/red-a/c-duo > Deployment/red-b/api, dns 27, tcp 27, 8080',
  'Deployment/red-a/c-glibc > api.example.com, dns 30, tcp 15, 443',
  'Deployment/red-a/c-glibc > big.example.org, dns 15, tcp 15, 80',
  'Deployment/red-a/c-glibc > www.example.org, dns 15, tcp 15, 443',
  'Deployment/red-a/c-glibc > Deployment/red-a/api, dns 30, tcp 15, 8080',
  'Deployment/red-a/c-glibc > Deployment/red-a/multi-a, dns 30, tcp 15, 7001',
  'Deployment/red-a/c-glibc > Deployment/red-a/multi-b, dns 30, tcp 15, 7002',
  'Deployment/red-a/c-glibc > Deployment/red-b/api, dns 15, tcp 15, 8080',
  'Deployment/red-a/c-glibc-edns > big.example.org, dns 51, tcp 17, 80',
  'Deployment/red-a/c-glibc-edns > www.example.org, dns 17, tcp 17, 443',
  'Deployment/red-a/c-glibc-edns > Deployment/red-a/api, dns 32, tcp 16, 8080',
  'Deployment/red-a/c-glibc-reopen > api.example.com, dns 30, tcp 15, 80',
  'Deployment/red-a/c-glibc-reopen > Deployment/red-a/api, dns 30, tcp 15, 9090',
  'Deployment/red-a/c-glibc-reopen > StatefulSet/red-a/db, dns 28, tcp 14, 5432<5432',
  'Deployment/red-a/c-glibc-tcp > big.example.org, dns 51',
  'Deployment/red-a/c-glibc-tcp > Deployment/red-a/api, dns 34, tcp 17, 8080',
  'Deployment/red-a/c-glibc-tcp > StatefulSet/red-a/db, dns 34, tcp 17, 5432<5432',
  'Deployment/red-a/c-go > api.example.com, dns 22, tcp 11, 443',
  'Deployment/red-a/c-go > big.example.org, dns 12, tcp 12, 443',
  'Deployment/red-a/c-go > Deployment/red-a/api, dns 24, tcp 12, 8080',
  'Deployment/red-a/c-go > StatefulSet/red-a/db, dns 44, tcp 22, 5432<5432',
  'Deployment/red-a/c-go > StatefulSet/red-b/dup, dns 11, tcp 11, 8900<8900',
  'Deployment/red-a/c-hold > Deployment/red-a/api, tcp 1, 8080',
  'Deployment/red-a/c-ip > 198.51.100.77, tcp 16, 80',
  'Deployment/red-a/c-ip > Deployment/red-a/api, tcp 115, 4444, 8080, 8080<80, 9090',
  'Deployment/red-a/c-ip > Deployment/red-a/hostport, tcp 16, 8081',
  'Deployment/red-a/c-ip > DaemonSet/red-a/hostsrv, tcp 32, 19100',
  'Deployment/red-a/c-look > www.example.org, dns 27',
  'Deployment/red-a/c-look > Deployment/kube-system/coredns, dns 27',
  'Deployment/red-a/c-look > Deployment/red-a/api, dns 54',
  'Deployment/red-a/c-musl > api.example.com, dns 28, tcp 14, 443',
  'Deployment/red-a/c-musl > big.example.org, tcp 14, 80',
  'Deployment/red-a/c-musl > www.example.org, dns 14, tcp 14, 443',
  'Deployment/red-a/c-musl > Deployment/red-a/api, dns 28, tcp 14, 8080',
  'Deployment/red-a/c-musl > Deployment/red-a/multi-a, dns 14, shared',
  'Deployment/red-a/c-musl > Deployment/red-a/multi-b, dns 14, tcp 14, 7002',
  'Deployment/red-a/c-musl > Deployment/red-b/api, dns 14, tcp 14, 8080',
  'DaemonSet/red-a/c-np > node node-1, tcp 27, 10250',
  'DaemonSet/red-a/c-np > node node-2, tcp 27, 10250',
  'DaemonSet/red-a/c-np > Deployment/red-a/api, tcp 54, 8080',
  'DaemonSet/red-a/c-np > DaemonSet/red-a/hostsrv, tcp 54, 19100',
  'Deployment/red-a/c-odd > ReplicaSet/red-a/bare-rs, dns 24, tcp 24, 8800',
  'Deployment/red-a/c-odd > Deployment/red-a/blue, dns 15, tcp 15, 6000',
  'Deployment/red-a/c-odd > /red-a/byLabel, dns 24, tcp 24, 8910',
  'Deployment/red-a/c-odd > /red-a/byNote, dns 24, tcp 24, 8920',
  'Deployment/red-a/c-odd > Deployment/red-a/green, dns 9, tcp 9, 6000',
  'Deployment/red-a/c-odd > Service/red-a/hand, dns 24, tcp 24, 443<443',
  'Deployment/red-a/c-odd > Deployment/red-a/hand-target, dns 24, tcp 25, 8443<8443',
  'Deployment/red-a/c-odd > Deployment/red-a/reborn, dns 24, tcp 23, 6300',
  'Deployment/red-a/c-odd > Deployment/red-a/shifting, dns 24, tcp 24, 6100, 6200',
  'Deployment/red-a/c-odd > Service/red-a/zero, dns 24, tcp 24, 80<80',
  'Deployment/red-a/c-raw > www.example.org, dns 19, tcp 19, 80',
  'Deployment/red-a/c-raw > Deployment/red-a/api, dns 57, tcp 19, 8080',
  'Deployment/red-a/c-raw > StatefulSet/red-a/db, dns 19, tcp 19, 5432<5432',
  'Deployment/red-a/c-raw6 > api.example.com, dns 26',
  'Deployment/red-a/c-raw6 > Deployment/red-a/api, dns 52, tcp 26, 8080',
  'Deployment/red-a/c-rawtcp > big.example.org, dns 26',
  'Deployment/red-a/c-rawtcp > Deployment/red-a/api, dns 130, tcp 26, 8080',
  'Deployment/red-a/c-rawtcp > Deployment/red-a/multi-a, dns 52, shared',
  'Deployment/red-a/c-rawtcp > Deployment/red-a/multi-b, dns 52, shared',
  'Deployment/red-a/c-rolled > www.example.org, dns 87, tcp 87, 443',
  'Deployment/red-a/c-rolled > Deployment/red-a/api, dns 174, tcp 87, 8080',
  'Deployment/red-a/c-six > 2001:db8:113::77, tcp 21, 443',
  'Deployment/red-a/c-six > api.example.com, dns 21, tcp 21, 443',
  'Deployment/red-a/c-six > Deployment/red-a/api, dns 42, tcp 42, 8080, 9090',
  'CronJob/red-a/cron > Deployment/red-a/api, dns 4, tcp 2, 8080',
  'Job/red-a/job-1 > Deployment/red-a/api, dns 6, tcp 3, 8080',
  'Job/red-a/job-1 > Deployment/red-b/api, dns 3, tcp 3, 8080',
  'Job/red-a/job-2 > Deployment/red-a/api, dns 6, tcp 3, 8080',
  'Job/red-a/job-2 > Deployment/red-b/api, dns 3, tcp 3, 8080',
  'Deployment/red-a/ring > Deployment/red-a/ring, dns 164, tcp 56, 8940',
  'Deployment/red-a/twin > Deployment/red-a/api, dns 54, tcp 27, 8080',
  'Deployment/red-b/twin > Deployment/red-b/api, dns 27, tcp 27, 8080',
];

const KUBERNETES = ['node node-2 > apiServer, tcp 20, 6443'];

/** Probes by kubelets. */
const PROBES = [
  'node node-1 > Deployment/kube-system/coredns',
  'node node-1 > Deployment/red-a/roller',
  'node node-2 > Deployment/kube-system/coredns',
  'node node-2 > Deployment/red-a/probed',
  'node node-2 > Deployment/red-a/roller',
];

describe('the map of a real cluster from captures of its bridges and uplinks', () => {
  test('every call that was made, counted once, and no other', async () => {
    const { edges, summary } = await buildMap(options, hooks);
    const all = [...edges];
    const app = all.filter((edge) => edge.class === 'app').map(mapLine);
    expect(app.toSorted()).toEqual([...CALLS, ...KUBERNETES].toSorted());
    const system = all.filter((edge) => edge.class === 'system').map(({ client, server }) => `${mapName(client)} > ${mapName(server)}`);
    expect(system.toSorted()).toEqual(PROBES.toSorted());
    expect(summary.unresolved).toEqual([]);
  });

  test('with a dump alone that was taken before, later pods are nobody: shown when asked for', async () => {
    const unknownEnds = async (includeUnknown: boolean): Promise<number> => {
      const { edges } = await buildMap({ ...options, kube: options.kube.slice(0, 1), includeUnknown }, hooks);
      return [...edges].filter(({ client, server }) => client.type === 'unknown' || server.type === 'unknown').length;
    };
    expect(await unknownEnds(false)).toBe(0);
    expect(await unknownEnds(true)).toBeGreaterThan(10);
  });
});
