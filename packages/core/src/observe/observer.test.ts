import { decodeDnsAnswer } from '@nm/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { T } from '../testing/cluster.ts';
import { dnsPacket, synPacket } from '../testing/packets.ts';
import type { TestDns } from '../testing/packets.ts';
import { createObserver } from './observer.ts';
import type { Observer, ObserverOptions } from './observer.ts';
import type { PacketView } from './packet-view.ts';

interface Seen {
  readonly dns: string[];
  readonly tcp: string[];
}

function observe(options: ObserverOptions = {}, nodes: readonly string[] = []): { observer: Observer; seen: Seen } {
  const seen: Seen = { dns: [], tcp: [] };
  const observer = createObserver(
    {
      decodeDnsAnswer,
      sink: {
        dns: (client, answer, count) => seen.dns.push(`${client} ${answer.name} x${count} ${answer.addresses.join()}`),
        tcp: (flow, count) =>
          seen.tcp.push(
            `${flow.client} > ${flow.destination}:${flow.port}${flow.askedAddress === undefined ? '' : ` asked ${flow.askedAddress}:${flow.askedPort ?? ''}`}${flow.answer === undefined ? '' : ` as ${flow.answer.name}`} x${count}`,
          ),
      },
    },
    options,
  );
  observer.setNodeAddresses(nodes);
  return { observer, seen };
}

const CLIENT = '10.244.1.5 40000';
const SERVICE = '10.96.0.10 53';
const DNS_POD = '10.244.1.2 53';
const question = { name: 'cart.shop.svc.cluster.local', id: 7 } as const;
const answers = [{ name: question.name, type: 'A', data: '10.96.1.5' }] as const;
const query = (from: string, to: string, at: number, more: Partial<TestDns> = {}): PacketView =>
  dnsPacket({ ...question, from, to, at, ...more });
const answer = (from: string, to: string, at: number, more: Partial<TestDns> = {}): PacketView =>
  dnsPacket({ ...question, answers, from, to, at, ...more });

function run(packets: readonly PacketView[], options?: ObserverOptions, nodes?: readonly string[]): { seen: Seen; observer: Observer } {
  const { observer, seen } = observe(options, nodes);
  for (const packet of packets) {
    if (packet.protocol === 17) observer.dns(packet);
    else observer.tcpSyn(packet);
  }
  observer.finish();
  return { seen, observer };
}

const ONE = ['10.244.1.5 cart.shop.svc.cluster.local x1 10.96.1.5'];

describe('rule 1: DNS transactions', () => {
  test.each<[string, readonly PacketView[], readonly string[]]>([
    ['a query and its answer are one', [query(CLIENT, SERVICE, T), answer(SERVICE, CLIENT, T + 1)], ONE],
    [
      'copies before and after DNAT are one',
      [query(CLIENT, SERVICE, T), query(CLIENT, DNS_POD, T + 0.1), answer(DNS_POD, CLIENT, T + 1), answer(SERVICE, CLIENT, T + 1.1)],
      ONE,
    ],
    ['an answer without a query is none', [answer(SERVICE, CLIENT, T)], []],
    ['an answer before its query is none', [answer(SERVICE, CLIENT, T), query(CLIENT, SERVICE, T + 1)], []],
    ['an answer from an address that was not asked is none', [query(CLIENT, SERVICE, T), answer('10.244.9.9 53', CLIENT, T + 1)], []],
    ['an answer from a port that was not asked is none', [query(CLIENT, SERVICE, T), answer('10.96.0.10 5353', CLIENT, T + 1)], []],
    ['an answer with another id is none', [query(CLIENT, SERVICE, T), answer(SERVICE, CLIENT, T + 1, { id: 8 })], []],
    ['an answer to another client port is none', [query(CLIENT, SERVICE, T), answer(SERVICE, '10.244.1.5 40001', T + 1)], []],
    [
      'a retried query is the same transaction',
      [
        query(CLIENT, SERVICE, T),
        query(CLIENT, SERVICE, T + 2_500),
        answer(SERVICE, CLIENT, T + 2_600),
        answer(SERVICE, CLIENT, T + 2_601),
      ],
      ONE,
    ],
    [
      'the key seen again within 5 s is the same one',
      [query(CLIENT, SERVICE, T), answer(SERVICE, CLIENT, T + 1), query(CLIENT, SERVICE, T + 4_000), answer(SERVICE, CLIENT, T + 4_001)],
      ONE,
    ],
    [
      'the key seen again after more than 5 s is a new one',
      [query(CLIENT, SERVICE, T), answer(SERVICE, CLIENT, T + 1), query(CLIENT, SERVICE, T + 5_002), answer(SERVICE, CLIENT, T + 5_003)],
      ['10.244.1.5 cart.shop.svc.cluster.local x2 10.96.1.5'],
    ],
    [
      'A and AAAA are two',
      [
        query(CLIENT, SERVICE, T),
        query(CLIENT, SERVICE, T, { type: 'AAAA' }),
        answer(SERVICE, CLIENT, T + 1),
        answer(SERVICE, CLIENT, T + 1, { type: 'AAAA', answers: [{ name: question.name, type: 'AAAA', data: 'fd00::5' }] }),
      ],
      [...ONE, '10.244.1.5 cart.shop.svc.cluster.local x1 fd00::5'],
    ],
    [
      'letters of a name may change case on the way (RFC 4343)',
      [query(CLIENT, SERVICE, T, { name: 'CaRt.shop.svc.cluster.local' }), answer(SERVICE, CLIENT, T + 1)],
      ONE,
    ],
    [
      'a client with an IPv6 address',
      [query('fd00:1::5 40000', 'fd00:96::a 53', T), answer('fd00:96::a 53', 'fd00:1::5 40000', T + 1)],
      ['fd00:1::5 cart.shop.svc.cluster.local x1 10.96.1.5'],
    ],
  ])('%s', (_name, packets, expected) => {
    expect(run(packets).seen.dns).toEqual(expected);
  });
});

describe('rule 2: answers that make an edge', () => {
  const ask = (more: Partial<TestDns>): readonly PacketView[] => {
    const { name, type } = more;
    const same = { ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type }) };
    return [query(CLIENT, SERVICE, T, same), answer(SERVICE, CLIENT, T + 1, more)];
  };
  test.each<[string, readonly PacketView[], readonly string[]]>([
    ['NXDOMAIN', ask({ rcode: 3, answers: [] }), []],
    ['NODATA', ask({ answers: [] }), []],
    ['SERVFAIL', ask({ rcode: 2, answers: [] }), []],
    ['REFUSED', ask({ rcode: 5, answers: [] }), []],
    ['PTR', ask({ type: 'PTR' }), []],
    ['TXT', ask({ type: 'TXT' }), []],
    ['truncated: waits for TCP', ask({ truncated: true }), []],
    ['an alias without an address at its end', ask({ answers: [{ name: question.name, type: 'CNAME', data: 'x.example.com' }] }), []],
    [
      'a whole chain: the name asked for is the destination',
      ask({
        name: 'www.example.com',
        answers: [
          { name: 'www.example.com', type: 'CNAME', data: 'a.cdn.example.net' },
          { name: 'a.cdn.example.net', type: 'CNAME', data: 'b.cdn.example.net' },
          { name: 'b.cdn.example.net', type: 'A', data: '203.0.113.7' },
        ],
      }),
      ['10.244.1.5 www.example.com x1 203.0.113.7'],
    ],
    ['an address of another name is not the answer', ask({ answers: [{ name: 'other.example.com', type: 'A', data: '203.0.113.7' }] }), []],
  ])('%s', (_name, packets, expected) => {
    expect(run(packets).seen.dns).toEqual(expected);
  });

  test('TTLs that count down and records that rotate are the same answer, decoded once', () => {
    const both = [
      { name: question.name, type: 'A', data: '10.0.0.1', ttl: 30 },
      { name: question.name, type: 'A', data: '10.0.0.2', ttl: 30 },
    ] as const;
    const rotated = [
      { ...both[1], ttl: 29 },
      { ...both[0], ttl: 29 },
    ];
    const packets = [
      query(CLIENT, SERVICE, T),
      answer(SERVICE, CLIENT, T + 1, { answers: both }),
      query(CLIENT, SERVICE, T + 10, { id: 8 }),
      answer(SERVICE, CLIENT, T + 11, { id: 8, answers: rotated }),
    ];
    expect(run(packets).seen.dns).toEqual(['10.244.1.5 cart.shop.svc.cluster.local x2 10.0.0.1,10.0.0.2']);
  });
});

describe('rule 3: TCP attempts', () => {
  const syn = (from: string, to: string, sequence: number, at: number): PacketView => synPacket({ from, to, sequence, at });
  const NODE = '10.0.0.1';
  // A sequence number above 2^31, where signed and unsigned part ways; packets carry it unsigned.
  const ISN = 0xdeadbeef;
  test.each<[string, readonly PacketView[], readonly string[]]>([
    ['one SYN', [syn(CLIENT, '10.244.2.9 8080', ISN, T)], ['10.244.1.5 > 10.244.2.9:8080 x1']],
    [
      'retransmissions are the same attempt',
      [0, 1_000, 3_000, 7_000].map((delay) => syn(CLIENT, '10.244.2.9 8080', ISN, T + delay)),
      ['10.244.1.5 > 10.244.2.9:8080 x1'],
    ],
    [
      'copies before and after DNAT: the real destination, and where the client sent it',
      [syn(CLIENT, '10.96.1.5 80', ISN, T), syn(CLIENT, '10.244.2.9 8080', ISN, T + 0.1), syn(CLIENT, '10.244.2.9 8080', ISN, T + 0.2)],
      ['10.244.1.5 > 10.244.2.9:8080 asked 10.96.1.5:80 x1'],
    ],
    [
      'masquerade with a new port: the client before it',
      [syn(CLIENT, '203.0.113.7 443', ISN, T), syn(`${NODE} 61000`, '203.0.113.7 443', ISN, T + 0.1)],
      ['10.244.1.5 > 203.0.113.7:443 x1'],
    ],
    [
      'DNAT and masquerade together, as for a NodePort',
      [syn('192.0.2.9 5555', `${NODE} 30080`, ISN, T), syn('10.244.1.1 61000', '10.244.1.7 8080', ISN, T + 0.1)],
      ['192.0.2.9 > 10.244.1.7:8080 asked 10.0.0.1:30080 x1'],
    ],
    [
      'the masqueraded copy came first (two captures, merged)',
      [syn(`${NODE} 61000`, '203.0.113.7 443', ISN, T), syn(CLIENT, '203.0.113.7 443', ISN, T + 1)],
      ['10.244.1.5 > 203.0.113.7:443 x1'],
    ],
    [
      'retransmissions after DNAT and masquerade are those of the client, not the node’s',
      [0, 1_000, 3_000, 7_000].flatMap((delay) => [
        syn('192.0.2.9 5555', `${NODE} 30080`, ISN, T + delay),
        syn(`${NODE} 61000`, '10.244.2.7 8080', ISN, T + delay + 0.1),
      ]),
      ['192.0.2.9 > 10.244.2.7:8080 asked 10.0.0.1:30080 x1'],
    ],
    [
      'two clients with equal sequence numbers are two',
      [syn(CLIENT, '10.244.2.9 8080', ISN, T), syn('10.244.1.6 41000', '10.244.2.9 9090', ISN, T + 1)],
      ['10.244.1.5 > 10.244.2.9:8080 x1', '10.244.1.6 > 10.244.2.9:9090 x1'],
    ],
    ['IPv6', [syn('fd00:1::5 40000', 'fd00:2::9 8080', ISN, T)], ['fd00:1::5 > fd00:2::9:8080 x1']],
  ])('%s', (_name, packets, expected) => {
    expect(run(packets, {}, [NODE, '10.244.1.1']).seen.tcp).toEqual(expected);
  });

  test.each([
    ['to an address outside that does not answer', '203.0.113.7 443', '203.0.113.7 443', '10.244.1.5 > 203.0.113.7:443 x1'],
    ['through a NodePort', `${NODE} 30080`, '10.244.2.7 8080', '10.244.1.5 > 10.244.2.7:8080 asked 10.0.0.1:30080 x1'],
  ])('a masqueraded retransmission after the attempt settled makes no second one: %s', (_name, asked, real, expected) => {
    const { observer, seen } = observe({ settleMs: 200 }, [NODE]);
    for (const delay of [0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]) {
      observer.tcpSyn(syn(CLIENT, asked, ISN, T + delay));
      observer.tcpSyn(syn(`${NODE} 61000`, real, ISN, T + delay + 0.1));
      observer.drain(T + delay + 500);
    }
    expect(seen.tcp).toEqual([expected]);
  });

  test('attempts settle before they count, and drain once', () => {
    const { observer, seen } = observe({ settleMs: 200 });
    observer.tcpSyn(syn(CLIENT, '10.244.2.9 8080', ISN, T));
    observer.drain(T + 100);
    expect(seen.tcp).toEqual([]);
    observer.drain(T + 200);
    observer.drain(T + 300);
    expect(seen.tcp).toEqual(['10.244.1.5 > 10.244.2.9:8080 x1']);
  });
});

describe('rule 14: names of connections', () => {
  const lookup = (client: string, name: string, data: string, at: number, id = 7): readonly PacketView[] => [
    query(client, SERVICE, at, { name, id }),
    answer(SERVICE, client, at + 1, { name, id, answers: [{ name, type: 'A', data }] }),
  ];
  const connect = (client: string, at: number): PacketView => synPacket({ from: client, to: '203.0.113.7 443', sequence: 9, at });
  test.each<[string, readonly PacketView[], readonly string[]]>([
    [
      'the name that this client was given',
      [...lookup(CLIENT, 'api.example.com', '203.0.113.7', T), connect(CLIENT, T + 100)],
      ['10.244.1.5 > 203.0.113.7:443 as api.example.com x1'],
    ],
    [
      'the newest of two names',
      [
        ...lookup(CLIENT, 'a.example.com', '203.0.113.7', T),
        ...lookup(CLIENT, 'b.example.com', '203.0.113.7', T + 50, 8),
        connect(CLIENT, T + 100),
      ],
      ['10.244.1.5 > 203.0.113.7:443 as b.example.com x1'],
    ],
    [
      'never a name given to another client',
      [...lookup('10.244.1.6 40000', 'a.example.com', '203.0.113.7', T), connect(CLIENT, T + 100)],
      ['10.244.1.5 > 203.0.113.7:443 x1'],
    ],
    [
      'not after 24 hours',
      [...lookup(CLIENT, 'a.example.com', '203.0.113.7', T), connect(CLIENT, T + 24 * 3_600_000 + 2)],
      ['10.244.1.5 > 203.0.113.7:443 x1'],
    ],
    [
      'a forged answer teaches nothing',
      [
        answer(SERVICE, CLIENT, T, { name: 'evil.example.com', answers: [{ name: 'evil.example.com', type: 'A', data: '203.0.113.7' }] }),
        connect(CLIENT, T + 1),
      ],
      ['10.244.1.5 > 203.0.113.7:443 x1'],
    ],
  ])('%s', (_name, packets, expected) => {
    expect(run(packets).seen.tcp).toEqual(expected);
  });
});

describe('rule 17: DNS servers and their copies', () => {
  const upstream = '192.0.2.53 53';
  test('a client that answers queries itself is a DNS server: its own questions are left out', () => {
    const packets = [
      query(CLIENT, DNS_POD, T),
      query('10.244.1.2 50000', upstream, T + 1, { id: 99 }),
      answer(upstream, '10.244.1.2 50000', T + 2, { id: 99 }),
      answer(DNS_POD, CLIENT, T + 3),
    ];
    const { seen, observer } = run(packets);
    expect(seen.dns).toEqual(ONE);
    expect(observer.counts.dnsServerOwn).toBe(1);
  });

  test.each([0.1, 1_900])('the masqueraded copy of a question is not the node’s, %d ms later', (delay) => {
    const packets = [
      query(CLIENT, upstream, T),
      query('10.0.0.1 61000', upstream, T + delay),
      answer(upstream, '10.0.0.1 61000', T + delay + 5),
      answer(upstream, CLIENT, T + delay + 5.1),
    ];
    const { seen, observer } = run(packets, {}, ['10.0.0.1']);
    expect(seen.dns).toEqual(ONE);
    expect(observer.counts.masqueraded).toBe(1);
  });
});

describe('rule 5: bounded memory', () => {
  test('tables of 16 entries lose nothing that is complete, and count what they forget', () => {
    const packets = Array.from({ length: 400 }, (_, i) => {
      const client = `10.1.${i >> 8}.${i & 255} 40000`;
      return [
        query(client, SERVICE, T + i, { id: i }),
        answer(SERVICE, client, T + i + 0.5, { id: i }),
        synPacket({ from: client, to: '10.244.2.9 80', sequence: i, at: T + i }),
      ];
    }).flat();
    const small = { maxTransactions: 64, maxAnswers: 16, maxPairs: 16, maxFlows: 16, maxAttempts: 16, maxNames: 16, maxAddresses: 16 };
    const { seen, observer } = run(packets, small);
    expect(new Set(seen.dns).size).toBe(400);
    expect(seen.dns).toHaveLength(400);
    expect(seen.tcp).toHaveLength(400);
    expect(observer.counts.evictions).toBeGreaterThan(0);
  });

  test('messages of any bytes are counted and harm nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (messages) => {
        const { observer, seen } = observe();
        for (const bytes of messages) {
          const view = query(CLIENT, SERVICE, T);
          observer.dns({ ...view, bytes: Uint8Array.from([...view.bytes.subarray(0, 8), ...bytes]), payloadLength: bytes.length });
        }
        observer.finish();
        expect(observer.counts.dnsMessages).toBe(messages.length);
        expect(seen.dns).toEqual([]);
      }),
    );
  });
});

describe('many lookups at once: completed ones leave first', () => {
  const EXTERNAL = '8.8.8.8 53';
  const NODE = '192.0.2.10';
  /** More lookups than are kept whatever their age, within 100 ms. */
  const crowd = Array.from({ length: 10_000 }, (_, index) => {
    const client = `10.244.${2 + (index >> 8)}.${index & 255} 40000`;
    const at = T + 1 + index / 100;
    return [query(client, SERVICE, at), answer(SERVICE, client, at + 0.001)];
  }).flat();

  test.each<[string, readonly PacketView[], readonly PacketView[], string]>([
    ['a slow answer still finds its question', [query(CLIENT, SERVICE, T)], [answer(SERVICE, CLIENT, T + 3_000)], '10.244.1.5'],
    [
      'the answer to a masqueraded copy is not taken for one to the node',
      [query(CLIENT, EXTERNAL, T), query(`${NODE} 50000`, EXTERNAL, T + 0.1)],
      [answer(EXTERNAL, `${NODE} 50000`, T + 3_000), answer(EXTERNAL, CLIENT, T + 3_000.1)],
      '10.244.1.5',
    ],
    [
      'once a question without an answer, which made the table grow, is forgotten',
      [
        query('10.244.1.6 40000', SERVICE, T - 8_000),
        ...crowd.map((packet) => ({ ...packet, at: packet.at - 8_000 })),
        query(CLIENT, SERVICE, T),
      ],
      [answer(SERVICE, CLIENT, T + 3_000)],
      '10.244.1.5',
    ],
  ])('%s', (_name, first, last, client) => {
    const { observer, seen } = run([...first, ...crowd, ...last], { keepMs: 50 }, [NODE]);
    const ours = seen.dns.filter((line) => !/^10\.244\.([2-9]|[1-9]\d)\./.test(line));
    expect(ours).toEqual([`${client} ${question.name} x1 10.96.1.5`]);
    expect(observer.counts.dnsTransactions % (crowd.length / 2)).toBe(1);
    expect(observer.counts.evictions).toBe(0);
  });
});

describe('many attempts at once', () => {
  const crowd = (perMs: number): readonly PacketView[] =>
    Array.from({ length: 40_000 }, (_, index) =>
      synPacket({ from: `10.244.3.1 ${1_024 + index}`, to: '10.244.2.9 80', sequence: index, at: T + index / perMs }),
    );
  const ours = (at: number): PacketView => synPacket({ from: CLIENT, to: '10.96.1.5 80', sequence: 1e9, at });
  const translated = (at: number): PacketView => synPacket({ from: CLIENT, to: '10.244.2.7 8080', sequence: 1e9, at });

  test.each<[string, number, PacketView, readonly string[]]>([
    [
      '100 a millisecond: a copy behind address translation still is one',
      100,
      translated(T + 45),
      ['> 10.244.2.7:8080 asked 10.96.1.5:80 x1'],
    ],
    ['20 a millisecond: what is sent again after a second still is a copy', 20, ours(T + 1_001), ['> 10.96.1.5:80 x1']],
    ['100 a millisecond: what is sent again after a second counts again', 100, ours(T + 1_001), ['> 10.96.1.5:80 x2']],
  ])('%s', (_name, perMs, last, expected) => {
    const packets = [ours(T), ...crowd(perMs), last].toSorted((one, other) => one.at - other.at);
    const { observer, seen } = run(packets, { keepMs: 50 });
    expect(seen.tcp.filter((line) => line.startsWith('10.244.1.5'))).toEqual(expected.map((line) => `10.244.1.5 ${line}`));
    expect(observer.counts.evictions > 0).toBe(perMs === 100);
  });
});

describe('rule 14: names of what is seen otherwise than in packets', () => {
  const { observer } = run([query(CLIENT, SERVICE, T), answer(SERVICE, CLIENT, T + 1)]);
  test.each([
    ['the client that was given the address', '10.244.1.5', '10.96.1.5', T + 1_000, question.name],
    ['another client', '10.244.1.6', '10.96.1.5', T + 1_000, undefined],
    ['another address', '10.244.1.5', '10.96.1.6', T + 1_000, undefined],
    ['more than 24 hours later', '10.244.1.5', '10.96.1.5', T + 24 * 3_600_000 + 2, undefined],
    ['what is no address', 'cart', '10.96.1.5', T + 1_000, undefined],
  ])('%s', (_, client, address, at, name) => expect(observer.nameFor(client, address, at)?.name).toBe(name));
});
