import * as dnsPacket from 'dns-packet';
import type { Answer, Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress } from '../address.ts';
import { aRecord, bytesOf, dnsMessage, dnsName, dnsRecord, pointer, poisoned, uint16 } from '../testing/index.ts';
import { decodeDnsAnswer } from './dns-answer.ts';
import { decodeDnsMessage } from './dns-message.ts';
import type { DnsMessage, DnsRecord } from './dns-message.ts';

function decode(message: Uint8Array): ReturnType<typeof decodeDnsMessage> {
  const { bytes, offset, length } = poisoned(message, 0x01);
  return decodeDnsMessage(bytes, offset, length);
}

describe('header', () => {
  test.each<[name: string, flags: number, expected: Partial<DnsMessage>]>([
    ['a query', 0x0100, { isResponse: false, recursionDesired: true, recursionAvailable: false, opcode: 0 }],
    ['an authoritative answer', 0x8400, { isResponse: true, authoritative: true, recursionDesired: false }],
    ['AD and CD', 0x81b0, { authenticData: true, checkingDisabled: true, recursionAvailable: true }],
    ['truncated NXDOMAIN', 0x8383, { truncated: true, rcode: 3 }],
    ['an update', 0x2800, { opcode: 5 }],
  ])('%s', (_name, flags, expected) => {
    expect(decode(dnsMessage({ id: 0xbeef, flags }))).toMatchObject({ id: 0xbeef, ...expected });
  });
});

describe('record data', () => {
  const question = pointer(12);
  test.each<[name: string, type: number, data: Uint8Array, expected: object]>([
    ['PTR', 12, dnsName('Pod-1.example'), { kind: 'PTR', target: 'pod-1.example' }],
    ['NS', 2, bytesOf(pointer(12)), { kind: 'NS', target: 'cart.shop.svc.cluster.local' }],
    ['MX', 15, bytesOf(uint16(10), dnsName('mail.example')), { kind: 'MX', preference: 10, exchange: 'mail.example' }],
    [
      'SRV',
      33,
      bytesOf(uint16(1), uint16(2), uint16(8080), dnsName('a.example')),
      { kind: 'SRV', priority: 1, weight: 2, port: 8080, target: 'a.example' },
    ],
    ['TXT', 16, bytesOf('02 68 69 00'), { kind: 'TXT', texts: [bytesOf('68 69'), new Uint8Array(0)] }],
    [
      'SOA',
      6,
      bytesOf(dnsName('ns.example'), dnsName('host.example'), '00 00 00 01 00 00 00 02 00 00 00 03 00 00 00 04 ff ff ff ff'),
      {
        kind: 'SOA',
        primary: 'ns.example',
        mailbox: 'host.example',
        serial: 1,
        refreshSeconds: 2,
        retrySeconds: 3,
        expireSeconds: 4,
        minimumSeconds: 0xffffffff,
      },
    ],
    [
      'HTTPS',
      65,
      bytesOf(uint16(1), [0], '00 01 00 03 02 68 33', '00 04 00 04 c0 00 02 01', '00 06 00 10', new Uint8Array(15), '01'),
      {
        kind: 'HTTPS',
        priority: 1,
        target: '',
        ipv4Hints: ['192.0.2.1'],
        ipv6Hints: ['::1'],
        parameters: [{ key: 1, value: bytesOf('02 68 33') }, { key: 4 }, { key: 6 }],
      },
    ],
    ['a type that is not decoded', 257, bytesOf('00 05 69'), { kind: 'raw', bytes: bytesOf('00 05 69') }],
  ])('%s', (_name, type, data, expected) => {
    const message = decode(dnsMessage({ answers: [dnsRecord({ owner: question, type, ttlSeconds: 77, data })] }));
    expect(message).toMatchObject({ answers: [{ name: 'cart.shop.svc.cluster.local', type, class: 1, ttlSeconds: 77, data: expected }] });
  });

  test('OPT', () => {
    const opt = dnsRecord({ owner: '', type: 41, class: 1232, ttlSeconds: 0x01008000, data: bytesOf('00 0a 00 02 aa bb') });
    expect(decode(dnsMessage({ flags: 0x8181, additionals: [opt] }))).toMatchObject({
      rcode: 17,
      additionals: [
        {
          data: {
            kind: 'OPT',
            udpPayloadSize: 1232,
            extendedRcode: 1,
            version: 0,
            dnssecOk: true,
            options: [{ code: 10, value: bytesOf('aa bb') }],
          },
        },
      ],
    });
  });

  test.each<[name: string, type: number, data: Uint8Array]>([
    ['A of 5 bytes', 1, new Uint8Array(5)],
    ['SOA cut', 6, bytesOf(dnsName('a'), dnsName('b'), new Uint8Array(19))],
    ['TXT past its end', 16, bytesOf('05 61')],
    ['SRV without target', 33, new Uint8Array(6)],
    ['MX whose name leaves its data', 15, bytesOf(uint16(1), '05 61')],
    ['HTTPS with half a parameter', 65, bytesOf(uint16(1), [0], '00 04 00')],
  ])('malformed: %s', (_name, type, data) => {
    expect(decode(dnsMessage({ answers: [dnsRecord({ owner: question, type, data })] }))).toBe('bad-record');
  });
});

test('names of unusual bytes are escaped and stay apart', () => {
  const owner = bytesOf('05 61 2e 62 5c 00 01 ff 00');
  const message = decode(dnsMessage({ answers: [dnsRecord({ owner: [...owner], type: 1, data: [1, 2, 3, 4] })] }));
  expect(message).toMatchObject({ answers: [{ name: 'a\\.b\\\\\\000.\\255' }] });
});

/** Names as dns-packet writes them, from a small alphabet so that compression happens. */
const name = fc.array(fc.stringMatching(/^[a-cA-C0-9_-]{1,12}$/), { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const ttl = fc.nat(100_000);
const record: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), name, ttl, data: fc.ipV4() }),
  fc.record({ type: fc.constant('AAAA' as const), name, ttl, data: fc.ipV6() }),
  fc.record({ type: fc.constantFrom('CNAME' as const, 'NS' as const, 'PTR' as const, 'DNAME' as const), name, ttl, data: name }),
  fc.record({ type: fc.constant('MX' as const), name, ttl, data: fc.record({ preference: fc.nat(65_535), exchange: name }) }),
  fc.record({
    type: fc.constant('SRV' as const),
    name,
    ttl,
    data: fc.record({ priority: fc.nat(9), weight: fc.nat(9), port: fc.nat(65_535), target: name }),
  }),
  fc.record({
    type: fc.constant('TXT' as const),
    name,
    ttl,
    data: fc.array(fc.string({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('SOA' as const),
    name,
    ttl,
    data: fc.record({
      mname: name,
      rname: name,
      serial: fc.nat(),
      refresh: fc.nat(),
      retry: fc.nat(),
      expire: fc.nat(),
      minimum: fc.nat(),
    }),
  }),
);
const packet: fc.Arbitrary<Packet> = fc.record({
  type: fc.constant('response' as const),
  id: fc.nat(65_535),
  flags: fc.constantFrom(0, dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHORITATIVE_ANSWER, dnsPacket.CHECKING_DISABLED | 3),
  questions: fc.array(fc.record({ name, type: fc.constantFrom('A' as const, 'AAAA' as const) }), { minLength: 1, maxLength: 1 }),
  answers: fc.array(record, { maxLength: 8 }),
  authorities: fc.array(record, { maxLength: 3 }),
  additionals: fc.array(record, { maxLength: 3 }),
});

describe('dns-packet as the oracle', () => {
  test('every record of random messages, compressed names included', () => {
    fc.assert(
      fc.property(packet, (source) => {
        const encoded = Uint8Array.from(dnsPacket.encode(source));
        const expected = dnsPacket.decode(Buffer.from(encoded));
        const message = decode(encoded);
        if (typeof message === 'string') throw new Error(message);
        expect(message.id).toBe(expected.id);
        expect(message.authoritative).toBe(expected.flag_aa);
        expect(message.questions.map((question) => question.name)).toEqual(
          (expected.questions ?? []).map((question) => question.name.toLowerCase()),
        );
        expect(message.answers.map(fromOurs)).toEqual((expected.answers ?? []).map(fromOracle));
        expect(message.authorities.map(fromOurs)).toEqual((expected.authorities ?? []).map(fromOracle));
        expect(message.additionals.map(fromOurs)).toEqual((expected.additionals ?? []).map(fromOracle));
      }),
      { numRuns: 500 },
    );
  });

  test('the fast decoder finds the chain and addresses that a slow walk over the oracle finds', () => {
    const few = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const link = fc.oneof(
      fc.record({ type: fc.constant('A' as const), name: few, ttl, data: fc.ipV4() }),
      fc.record({ type: fc.constant('CNAME' as const), name: few, ttl, data: few }),
    );
    fc.assert(
      fc.property(few, fc.array(link, { maxLength: 8 }), (question, answers) => {
        const encoded = Uint8Array.from(dnsPacket.encode({ type: 'response', questions: [{ type: 'A', name: question }], answers }));
        const answer = decodeDnsAnswer(encoded, 0, encoded.length);
        if (typeof answer === 'string') throw new Error(answer);
        const left = [...answers];
        const chain: string[] = [];
        let end: string = question;
        for (;;) {
          const index = left.findIndex((candidate) => candidate.type === 'CNAME' && candidate.name === end);
          if (index < 0) break;
          end = String(left.splice(index, 1)[0]?.data);
          chain.push(end);
        }
        const addresses = new Set(
          left.filter((candidate) => candidate.type === 'A' && candidate.name === end).map((candidate) => candidate.data),
        );
        expect(answer).toMatchObject({ name: question, chain, addresses: [...addresses] });
      }),
      { numRuns: 1000 },
    );
  });
});

test('whatever the bytes, both decoders give a value or a reason, and see only the message', () => {
  const seed = dnsMessage({
    answers: [aRecord(pointer(12), '10.0.0.1'), aRecord('cart.shop', 'fd00::1')],
    additionals: [dnsRecord({ owner: '', type: 41, data: [] })],
  });
  const change = fc.tuple(fc.nat(seed.length - 1), fc.integer({ min: 0, max: 255 }));
  const mutated = fc.tuple(fc.array(change, { maxLength: 6 }), fc.nat(seed.length)).map(([changes, length]) => {
    const bytes = seed.slice();
    for (const [at, value] of changes) bytes[at] = value;
    return bytes.subarray(0, length);
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (message) => {
      const [left, right] = [poisoned(message, 0x00), poisoned(message, 0xc0)];
      expect(decodeDnsMessage(left.bytes, left.offset, left.length)).toEqual(decodeDnsMessage(right.bytes, right.offset, right.length));
      expect(decodeDnsAnswer(left.bytes, left.offset, left.length)).toEqual(decodeDnsAnswer(right.bytes, right.offset, right.length));
    }),
    { numRuns: 5000 },
  );
});

/** Both sides in one form: lower-case names, canonical addresses. */
function fromOurs({ name: owner, ttlSeconds, data }: DnsRecord): unknown {
  switch (data.kind) {
    case 'A':
    case 'AAAA':
      return [owner, ttlSeconds, data.kind, data.address];
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'DNAME':
      return [owner, ttlSeconds, data.kind, data.target];
    case 'MX':
      return [owner, ttlSeconds, data.kind, data.preference, data.exchange];
    case 'SRV':
      return [owner, ttlSeconds, data.kind, data.priority, data.weight, data.port, data.target];
    case 'TXT':
      return [owner, ttlSeconds, data.kind, ...data.texts.map((text) => Buffer.from(text).toString('utf8'))];
    case 'SOA':
      return [
        owner,
        ttlSeconds,
        data.kind,
        data.primary,
        data.mailbox,
        data.serial,
        data.refreshSeconds,
        data.retrySeconds,
        data.expireSeconds,
        data.minimumSeconds,
      ];
    case 'HTTPS':
    case 'SVCB':
    case 'OPT':
    case 'raw':
      throw new Error(`the generator makes no ${data.kind}`);
  }
}

function fromOracle(answer: Answer): unknown {
  const common = [answer.name.toLowerCase(), 'ttl' in answer ? answer.ttl : 0, answer.type];
  if (answer.type === 'A' || answer.type === 'AAAA') return [...common, canonicalAddress(answer.data)];
  if (answer.type === 'CNAME' || answer.type === 'NS' || answer.type === 'PTR' || answer.type === 'DNAME') {
    return [...common, answer.data.toLowerCase()];
  }
  if (answer.type === 'MX') return [...common, answer.data.preference, answer.data.exchange.toLowerCase()];
  if (answer.type === 'SRV') {
    return [...common, answer.data.priority, answer.data.weight, answer.data.port, answer.data.target.toLowerCase()];
  }
  if (answer.type === 'TXT') return [...common, ...[answer.data].flat().map(String)];
  if (answer.type !== 'SOA') throw new Error(`the generator makes no ${answer.type}`);
  const { mname, rname, serial, refresh, retry, expire, minimum } = answer.data;
  return [...common, mname.toLowerCase(), rname.toLowerCase(), serial, refresh, retry, expire, minimum];
}
