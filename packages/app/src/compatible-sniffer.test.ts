import { silentLogger } from '@nm/core';
import { ADDRESSES, startTestMapper } from '@nm/mapper/testing';
import { createSniffer, SNIFFER_OPTIONS } from '@nm/sniffer';
import type { SnifferOptions } from '@nm/sniffer';
import { createFrameSource } from '@nm/sniffer/testing';
import { aRecord, dnsMessage, ip, tcp, udp } from '@nm/wire/testing';
import { expect, test } from 'vitest';

const SYN = 0x02;
const OUTSIDE = '203.0.113.7';

interface Intent {
  readonly client: { readonly name: string };
  readonly server: { readonly name: string; readonly kubernetesService: string | null };
}

interface EdgeNode {
  readonly client: { readonly name: string };
  readonly server: { readonly type: string; readonly name: string | null; readonly domain: string | null };
  readonly evidence: Readonly<Record<string, { readonly count: number; readonly approximate: boolean | null } | null>>;
}

function lookup(id: number, name: string, address: string): Uint8Array[] {
  const [client, server] = [ADDRESSES.frontend, ADDRESSES.dns];
  const query = udp(40_000 + id, 53, dnsMessage({ id, question: name }));
  const answer = udp(53, 40_000 + id, dnsMessage({ id, question: name, answers: [aRecord([0xc0, 12], address)] }));
  return [
    ip({ source: client, destination: server, protocol: 17, payload: query }),
    ip({ source: server, destination: client, protocol: 17, payload: answer }),
  ];
}

function attempt(sequence: number, destination: string, destinationPort: number): Uint8Array {
  const payload = tcp({ sourcePort: 41_000 + sequence, destinationPort, sequence, flags: SYN });
  return ip({ source: ADDRESSES.frontend, destination, protocol: 6, payload });
}

/** The mapper speaks the old mutations as they were (mapper-compatible.test.ts), so what it understands an old one does. */
test('a sniffer that speaks to an old mapper: lookups and attempts arrive, those to a Service as what is behind it', async () => {
  const mapper = await startTestMapper();
  const source = createFrameSource();
  const defaults = Object.fromEntries(Object.entries(SNIFFER_OPTIONS).map(([name, option]) => [name, option.default]));
  const options = {
    ...(defaults as unknown as SnifferOptions),
    mapperUrl: mapper.url,
    protocol: 'compatible',
    reportInterval: 250,
    metricsListen: { host: '127.0.0.1', port: 0 },
  } as const;
  const sniffer = await createSniffer({ log: silentLogger, version: 'test', source }, options);
  try {
    mapper.now = Date.now();
    await sniffer.start();
    const frames = [
      ...lookup(1, 'cart.shop.svc.cluster.local', ADDRESSES.cartService),
      ...lookup(2, 'api.example.com', OUTSIDE),
      // Once as it was sent to the Service, once translated to its pod.
      attempt(1, ADDRESSES.cartService, 80),
      attempt(1, ADDRESSES.cart, 8080),
      attempt(2, ADDRESSES.kafka, 9092),
      attempt(3, OUTSIDE, 443),
    ];
    for (const frame of frames) source.feed(frame);
    const edges = async (): Promise<readonly EdgeNode[]> => {
      const { body } = await mapper.query(
        '{ edges { nodes { client { name } server { type name domain } evidence { dns { count approximate } tcp { count approximate } } } } }',
      );
      const data = body.data as unknown as { readonly edges: { readonly nodes: readonly EdgeNode[] } };
      return data.edges.nodes;
    };
    // Besides what this machine's own sockets tell.
    const told = async (): Promise<readonly string[]> =>
      (await edges())
        .filter(({ client }) => client.name === 'frontend')
        .map(({ server, evidence }) => {
          const [dns, attempts] = [evidence['dns']?.count ?? 0, evidence['tcp']?.count ?? 0];
          return `${server.name ?? server.domain ?? server.type}: ${dns} lookups, ${attempts} attempts`;
        })
        .toSorted();
    // The old mutation of attempts has no place for a name.
    await expect
      .poll(told, { timeout: 20_000 })
      .toEqual([
        'api.example.com: 1 lookups, 0 attempts',
        'cart: 1 lookups, 1 attempts',
        'internet: 0 lookups, 1 attempts',
        'kafka: 0 lookups, 1 attempts',
      ]);
    const { body } = await mapper.query('{ intents { client { name } server { name kubernetesService } } }');
    const data = body.data as unknown as { readonly intents: readonly Intent[] };
    const intents = data.intents.filter(({ client }) => client.name === 'frontend');
    expect(intents.map(({ client, server }) => `${client.name} -> ${server.name}`).toSorted()).toEqual([
      'frontend -> cart',
      'frontend -> kafka',
    ]);
  } finally {
    await sniffer.stop();
    await mapper.stop();
  }
});
