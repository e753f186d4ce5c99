import { describe, expect, test } from 'vitest';
import { addressInCidr, canonicalAddress, cidrContains, formatAddress, parseAddress, parseCidr } from './address.ts';

describe('canonicalAddress', () => {
  test.each([
    ['IPv4', '10.0.0.1', '10.0.0.1'],
    ['IPv4 limits', '255.255.255.255', '255.255.255.255'],
    ['IPv4-mapped, dotted', '::ffff:10.0.0.1', '10.0.0.1'],
    ['IPv4-mapped, hexadecimal', '::FFFF:0a00:0001', '10.0.0.1'],
    ['RFC 5952 4.1: leading zeros', '2001:0db8::0001', '2001:db8::1'],
    ['RFC 5952 4.2.1: shorten as much as possible', '2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['RFC 5952 4.2.2: one group stays', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['RFC 5952 4.2.3: longest run', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['RFC 5952 4.2.3: first of equal runs', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['RFC 5952 4.3: lower case', '2001:DB8::ABCD', '2001:db8::abcd'],
    ['unspecified', '::', '::'],
    ['loopback', '0:0:0:0:0:0:0:1', '::1'],
    ['zeros at the end', 'fd00:1::', 'fd00:1::'],
    ['zone dropped', 'fe80::1%eth0', 'fe80::1'],
    ['embedded IPv4 that is not mapped', '64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s', (_name, text, expected) => expect(canonicalAddress(text)).toBe(expected));

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    '::1.2.3',
    '1.2.3.4::',
    'g::',
    'None',
    'x'.repeat(500),
  ])('%j is no address', (text) => expect(canonicalAddress(text)).toBeUndefined());

  test('bytes and text agree', () => {
    for (const text of ['10.1.2.3', 'fd00::1:2', '::', '2001:db8:1:2:3:4:5:6']) {
      const bytes = parseAddress(text);
      expect(bytes && formatAddress(bytes)).toBe(text);
    }
    const mapped = new Uint8Array(16);
    mapped.set([0xff, 0xff, 10, 0, 0, 1], 10);
    expect(formatAddress(mapped)).toBe('10.0.0.1');
  });
});

describe('prefixes', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd00:10:96::ff/112', 'fd00:10:96::/112'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ])('%s is %s', (text, expected) => expect(parseCidr(text)?.text).toBe(expected));

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/a', 'fd00::/129', '::ffff:10.0.0.0/8', 'x/8'])(
    '%j is no prefix',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  test.each([
    ['10.244.0.0/16', '10.244.255.255', true],
    ['10.244.0.0/16', '10.245.0.0', false],
    ['10.244.16.0/20', '10.244.31.1', true],
    ['10.244.16.0/20', '10.244.32.1', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['fd00:10:96::/112', 'fd00:10:96::ffff', true],
    ['fd00:10:96::/112', 'fd00:10:96::1:0', false],
  ])('%s contains %s: %s', (cidr, address, expected) => {
    const parsed = parseCidr(cidr);
    expect(parsed && cidrContains(parsed, address)).toBe(expected);
  });

  test.each([
    ['10.244.1.0/24', 1, '10.244.1.1'],
    ['10.244.0.0/16', 257, '10.244.1.1'],
    ['10.244.1.0/30', 4, undefined],
    ['fd00:10:244:1::/64', 2, 'fd00:10:244:1::2'],
    ['255.255.255.255/32', 1, undefined],
  ])('%s, address %i: %s', (cidr, n, expected) => {
    const parsed = parseCidr(cidr);
    expect(parsed && addressInCidr(parsed, n)).toBe(expected);
  });
});
