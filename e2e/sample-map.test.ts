import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildMap } from '@nm/cli';
import type { Peer } from '@nm/core';
import { describe, expect, test } from 'vitest';

const SAMPLE = join(import.meta.dirname, '../samples/lab');
const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
const base = { kube: [join(SAMPLE, 'api')], proc: [], clusterName: 'lab', clusterDomain: 'cluster.local', customOwners: [] };

interface Expected {
  readonly client: { readonly namespace: string; readonly name: string };
  readonly server: { readonly type: string; readonly namespace?: string; readonly name?: string; readonly domain?: string };
  readonly seen: string;
}

function name(peer: Peer | Expected['client'] | Expected['server']): string {
  const { namespace = '', name: own = '', domain = '' } = peer as Expected['server'];
  return domain === '' ? `${namespace}/${own}` : domain;
}

const expected = (JSON.parse(readFileSync(join(SAMPLE, 'expected.json'), 'utf8')) as Expected[])
  .filter(({ seen }) => seen === 'dns')
  .map(({ client, server }) => `${name(client)} > ${name(server)}`)
  .toSorted();

describe('the map of the sample lab', () => {
  test.each(['any-sll2-dns.pcap', 'cni0-en10mb-dns.pcap'])('%s: every edge that its workloads made, and no other', async (file) => {
    const { edges, summary } = await buildMap({ ...base, pcap: [join(SAMPLE, 'pcap', file)] }, hooks);
    expect([...edges].map(({ client, server }) => `${name(client)} > ${name(server)}`).toSorted()).toEqual(expected);
    expect(summary.unresolved).toEqual([]);
  });

  test('a capture read twice counts once: its packets are copies', async () => {
    const pcap = join(SAMPLE, 'pcap/any-sll2-dns.pcap');
    const [once, twice] = await Promise.all([buildMap({ ...base, pcap: [pcap] }, hooks), buildMap({ ...base, pcap: [pcap, pcap] }, hooks)]);
    expect(twice.summary.transactions).toBe(once.summary.transactions);
    expect([...twice.edges]).toEqual([...once.edges]);
  });

  test('two captures of different times add up', async () => {
    const files = ['any-sll2-dns.pcap', 'cni0-en10mb-dns.pcap'].map((file) => join(SAMPLE, 'pcap', file));
    const [both, ...each] = await Promise.all([
      buildMap({ ...base, pcap: files }, hooks),
      ...files.map((file) => buildMap({ ...base, pcap: [file] }, hooks)),
    ]);
    expect(both.summary.transactions).toBe(each.reduce((sum, { summary }) => sum + summary.transactions, 0));
  });
});
