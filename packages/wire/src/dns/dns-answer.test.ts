import { describe, expect, test } from 'vitest';
import { aRecord, bytesOf, cnameRecord, dnsMessage, dnsName, dnsRecord, pointer, poisoned, uint16 } from '../testing/index.ts';
import type { MessageSpec } from '../testing/index.ts';
import { decodeDnsAnswer } from './dns-answer.ts';

const QUESTION = pointer(12);
const NAME = 'cart.shop.svc.cluster.local';

function decode(message: Uint8Array): ReturnType<typeof decodeDnsAnswer> {
  const { bytes, offset, length } = poisoned(message, 0xc0);
  return decodeDnsAnswer(bytes, offset, length);
}

/** HTTPS or SVCB data: priority, target, parameters. */
function service(priority: number, target: string, ...parameters: readonly (readonly [key: number, value: Uint8Array])[]): Uint8Array {
  return bytesOf(uint16(priority), dnsName(target), ...parameters.map(([key, value]) => bytesOf(uint16(key), uint16(value.length), value)));
}

describe('from the question to the addresses', () => {
  const none = { chain: [], addresses: [], ttlSeconds: 0 };
  test.each<[name: string, spec: MessageSpec, expected: object]>([
    [
      'one A',
      { answers: [aRecord(QUESTION, '10.0.0.1', 5)] },
      { name: NAME, type: 1, rcode: 0, truncated: false, chain: [], addresses: ['10.0.0.1'], ttlSeconds: 5 },
    ],
    [
      'several A, order kept, smallest TTL',
      { answers: [aRecord(QUESTION, '10.0.0.2', 9), aRecord(QUESTION, '10.0.0.1', 7)] },
      { addresses: ['10.0.0.2', '10.0.0.1'], ttlSeconds: 7 },
    ],
    ['AAAA', { type: 28, answers: [aRecord(QUESTION, 'fd00:0:0::1')] }, { type: 28, addresses: ['fd00::1'] }],
    [
      'IPv4-mapped AAAA',
      { type: 28, answers: [dnsRecord({ owner: QUESTION, type: 28, data: bytesOf(new Uint8Array(10), 'ff ff c0 00 02 01') })] },
      { addresses: ['192.0.2.1'] },
    ],
    [
      'upper case in question and owner',
      { question: 'CaRt.SHOP', answers: [aRecord('cARt.shop', '10.0.0.1')] },
      { name: 'cart.shop', addresses: ['10.0.0.1'] },
    ],
    [
      'CNAME',
      { answers: [cnameRecord(QUESTION, 'a.example', 60), aRecord('a.example', '192.0.2.1', 20)] },
      { chain: ['a.example'], addresses: ['192.0.2.1'], ttlSeconds: 20 },
    ],
    [
      'CNAMEs in any order',
      { answers: [aRecord('c.example', '192.0.2.1'), cnameRecord('B.example', 'c.example', 3), cnameRecord(QUESTION, 'b.EXAMPLE')] },
      { chain: ['b.example', 'c.example'], addresses: ['192.0.2.1'], ttlSeconds: 3 },
    ],
    [
      'DNAME with the CNAME made from it',
      {
        question: 'www.old.example',
        answers: [
          dnsRecord({ owner: 'old.example', type: 39, data: dnsName('new.example') }),
          cnameRecord('www.old.example', 'www.new.example', 0),
          aRecord('www.new.example', '192.0.2.1'),
        ],
      },
      { chain: ['www.new.example'], addresses: ['192.0.2.1'], ttlSeconds: 0 },
    ],
    ['an address of another name is not ours', { answers: [aRecord('evil.example', '192.0.2.66')] }, { ...none }],
    [
      'an address in the middle of the chain does not count',
      { answers: [cnameRecord(QUESTION, 'a.example'), aRecord(QUESTION, '192.0.2.66'), aRecord('a.example', '192.0.2.1')] },
      { addresses: ['192.0.2.1'] },
    ],
    ['a chain without end', { answers: [cnameRecord(QUESTION, 'a.example', 60)] }, { chain: ['a.example'], addresses: [], ttlSeconds: 60 }],
    [
      'a loop',
      { question: 'a.example', answers: [cnameRecord('a.example', 'b.example'), cnameRecord('b.example', 'a.example')] },
      { chain: ['b.example', 'a.example'], addresses: [] },
    ],
    [
      'a CNAME to itself',
      { question: 'a.example', answers: [cnameRecord('a.example', 'a.example')] },
      { chain: ['a.example'], addresses: [] },
    ],
    ['the other type does not count', { type: 28, answers: [aRecord(QUESTION, '10.0.0.1')] }, { ...none }],
    ['class CHAOS does not count', { answers: [dnsRecord({ owner: QUESTION, type: 1, class: 3, data: [10, 0, 0, 1] })] }, { ...none }],
    [
      'additional records do not count',
      { answers: [cnameRecord(QUESTION, 'a.example')], additionals: [aRecord('a.example', '192.0.2.1')] },
      { addresses: [] },
    ],
    [
      'NXDOMAIN',
      { flags: 0x8183, authorities: [dnsRecord({ owner: 'example', type: 6, data: new Uint8Array(22) })] },
      { rcode: 3, ...none },
    ],
    ['SERVFAIL', { flags: 0x8182 }, { rcode: 2, ...none }],
    ['NODATA', { flags: 0x8180 }, { rcode: 0, ...none }],
    [
      'BADVERS is in EDNS',
      { flags: 0x8180, additionals: [dnsRecord({ owner: '', type: 41, class: 1232, ttlSeconds: 0x01000000, data: [] })] },
      { rcode: 16 },
    ],
    ['the root', { question: '', flags: 0x8180 }, { name: '' }],
    ['a TTL with the top bit set is 0', { answers: [aRecord(QUESTION, '10.0.0.1', 0x80000000)] }, { ttlSeconds: 0 }],
    [
      'SRV gives no address',
      {
        type: 33,
        answers: [dnsRecord({ owner: QUESTION, type: 33, data: bytesOf('00 00 00 64 1f 90', dnsName('a.example')) })],
        additionals: [aRecord('a.example', '10.0.0.1')],
      },
      { ...none },
    ],
    [
      'HTTPS hints, each address once',
      {
        type: 65,
        answers: [
          dnsRecord({
            owner: QUESTION,
            type: 65,
            data: service(
              1,
              '',
              [1, bytesOf('02 68 33')],
              [4, bytesOf('c0 00 02 01 c0 00 02 02')],
              [6, bytesOf('20 01 0d b8', new Uint8Array(11), '01')],
            ),
          }),
          dnsRecord({ owner: QUESTION, type: 65, data: service(2, 'alt.example', [4, bytesOf('c0 00 02 01 c0 00 02 03')]) }),
        ],
      },
      { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1', '192.0.2.3'], chain: [] },
    ],
    [
      'SVCB in AliasMode, then a CNAME, then hints',
      {
        type: 64,
        answers: [
          dnsRecord({ owner: QUESTION, type: 64, ttlSeconds: 9, data: service(0, 'pool.example') }),
          cnameRecord('pool.example', 'pool2.example'),
          dnsRecord({ owner: 'pool2.example', type: 64, data: service(1, '', [4, bytesOf('c0 00 02 09')]) }),
        ],
      },
      { chain: ['pool.example', 'pool2.example'], addresses: ['192.0.2.9'], ttlSeconds: 9 },
    ],
    [
      'AliasMode to the root: no such service',
      { type: 65, answers: [dnsRecord({ owner: QUESTION, type: 65, data: service(0, '') })] },
      { chain: [], addresses: [] },
    ],
    [
      'escapes',
      { question: 'a', answers: [cnameRecord(QUESTION, 'x'), dnsRecord({ owner: 'x', type: 5, data: bytesOf('03 2e 5c 20 00') })] },
      { chain: ['x', '\\.\\\\\\032'] },
    ],
  ])('%s', (_name, spec, expected) => {
    expect(decode(dnsMessage({ flags: 0x8180, ...spec }))).toMatchObject(expected);
  });
});

test('a chain of 16 is followed, a longer one gives no addresses', () => {
  const chain = (length: number): Uint8Array =>
    dnsMessage({
      question: 'n0.example',
      answers: [
        ...Array.from({ length }, (_, index) => cnameRecord(`n${index}.example`, `n${index + 1}.example`)),
        aRecord(`n${length}.example`, '192.0.2.1'),
      ],
    });
  expect(decode(chain(16))).toMatchObject({ addresses: ['192.0.2.1'] });
  expect(decode(chain(17))).toMatchObject({ addresses: [] });
});

describe('truncated', () => {
  const whole = dnsMessage({ flags: 0x8380, answers: [aRecord(QUESTION, '10.0.0.1'), aRecord(QUESTION, '10.0.0.2')] });
  test('is said, and what fitted is kept', () => {
    expect(decode(whole.subarray(0, whole.length - 3))).toMatchObject({ truncated: true, addresses: ['10.0.0.1'] });
  });
  test('without the flag the same bytes are malformed', () => {
    expect(decode(whole.subarray(0, whole.length - 3).with(2, 0x81))).toBe('bad-record');
  });
});

describe('reasons', () => {
  const ok = dnsMessage({ answers: [aRecord(QUESTION, '10.0.0.1')] });
  const loop = (data: readonly number[]): Uint8Array => dnsMessage({ answers: [dnsRecord({ owner: QUESTION, type: 5, data })] });
  test.each<[name: string, message: Uint8Array, reason: string]>([
    ['eleven bytes', ok.subarray(0, 11), 'too-short'],
    ['question cut', ok.subarray(0, 20), 'bad-name'],
    ['question type cut', ok.subarray(0, 43), 'too-short'],
    ['a query', dnsMessage({}), 'not-a-response'],
    ['a notification', dnsMessage({ flags: 0xa000 }), 'opcode'],
    ['two questions', ok.with(5, 2), 'question-count'],
    ['no question', ok.with(5, 0), 'question-count'],
    ['question pointing into the header', ok.with(12, 0xc0).with(13, 0x00), 'bad-name'],
    ['a label of 64', ok.with(12, 64), 'bad-name'],
    ['an A of 3 bytes', dnsMessage({ answers: [dnsRecord({ owner: QUESTION, type: 1, data: [10, 0, 0] })] }), 'bad-record'],
    ['an A of 16 bytes', dnsMessage({ answers: [dnsRecord({ owner: QUESTION, type: 1, data: new Uint8Array(16) })] }), 'bad-record'],
    ['fewer answers than announced', ok.with(7, 2), 'bad-name'],
    ['data past the end', ok.with(ok.length - 5, 5), 'bad-record'],
    ['a CNAME that points at itself', loop(pointer(57)), 'bad-name'],
    ['a CNAME that points forward', loop(pointer(200)), 'bad-name'],
    ['a CNAME shorter than its data', loop([...dnsName('a'), 0]), 'bad-record'],
    ['a name of 256 octets', loop([...Array.from({ length: 51 }, () => [4, 97, 97, 97, 97]).flat(), 0]), 'bad-name'],
    [
      'an IPv4 hint of 3 bytes',
      dnsMessage({ type: 65, answers: [dnsRecord({ owner: QUESTION, type: 65, data: service(1, '', [4, new Uint8Array(3)]) })] }),
      'bad-record',
    ],
    [
      'a parameter past the end',
      dnsMessage({ type: 65, answers: [dnsRecord({ owner: QUESTION, type: 65, data: bytesOf('00 01 00 00 04 00 08 c0 00 02 01') })] }),
      'bad-record',
    ],
  ])('%s', (_name, message, reason) => {
    expect(decode(message)).toBe(reason);
  });
});

test('a name of 255 octets is read', () => {
  const label = 'a'.repeat(63);
  const name = `${label}.${label}.${label}.${'b'.repeat(61)}`;
  expect(decode(dnsMessage({ question: name, flags: 0x8180 }))).toMatchObject({ name });
});

test('a message of 64 KiB with every record it can hold is decoded', () => {
  const answers = Array.from({ length: 4090 }, (_, index) => aRecord(QUESTION, `10.${index >> 8}.${index & 255}.1`));
  const answer = decode(dnsMessage({ answers }));
  expect(typeof answer === 'string' ? answer : answer.addresses.length).toBe(4090);
});
