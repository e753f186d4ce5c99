import { expect, test } from 'vitest';
import { createSafeLookup, isAllowedAddress, isHostName } from './safe-lookup.ts';

test.for<[string, boolean, boolean]>([
  ['52.94.5.1', true, true],
  ['2600:1f18::1', true, true],
  ['10.0.3.4', true, false],
  ['::ffff:10.0.3.4', true, false],
  ['fd12::1', true, false],
  ['64:ff9b::345e:501', true, true],
  ['64:ff9b::a00:304', true, false],
  ['64:ff9b::a9fe:a9fe', false, false],
  ['64:ff9b::1', false, false],
  ['127.0.0.1', false, false],
  ['::1', false, false],
  ['169.254.169.254', false, false],
  ['fd00:ec2::254', false, false],
  ['fe80::1', false, false],
  ['0.0.0.0', false, false],
  ['239.1.1.1', false, false],
  ['not an address', false, false],
])('%s: for AWS %s, for others %s', ([address, aws, others]) => {
  expect(isAllowedAddress(address, true)).toBe(aws);
  expect(isAllowedAddress(address, false)).toBe(others);
});

test.for<[string, boolean]>([
  ['b.s3.amazonaws.com', true],
  ['xn--bcher-kva.example', true],
  ['_x.example.com', true],
  ['127.0.0.1', false],
  ['127.1', false],
  ['2130706433', false],
  ['0x7f.1', false],
  ['localhost', false],
  ['[::1]', false],
  ['a..b.com', false],
  ['a b.com', false],
  [`${'a'.repeat(64)}.com`, false],
  ['', false],
])('%s is a name: %s', ([host, expected]) => {
  expect(isHostName(host)).toBe(expected);
});

test('a name of this host leads nowhere', async () => {
  const error = await new Promise((resolve) => createSafeLookup(true)('localhost', {}, resolve));
  expect(String(error)).toContain('no address that may be reached');
});
