import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress, formatAddress, parseAddress } from './address.ts';

describe('canonical text (RFC 5952)', () => {
  test.each<[text: string, expected: string | undefined]>([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:1::', '0:0:0:1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['', undefined],
    ['10.0.0', undefined],
    ['10.0.0.256', undefined],
    ['010.0.0.1', undefined],
    ['10.0.0.1 ', undefined],
    ['1:2:3', undefined],
    ['1::2::3', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7:8::', undefined],
    ['::1.2.3.4:5', undefined],
    ['1.2.3.4::', undefined],
    ['::12345', undefined],
    ['fe80::1%eth0', undefined],
    [':::', undefined],
    [':1', undefined],
  ])('%s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected);
  });
});

test('bytes to text and back', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
      const text = formatAddress(bytes, 0, 16);
      const parsed = parseAddress(text);
      expect(parsed?.length === 4 ? bytes.slice(12) : bytes).toEqual(parsed);
    }),
  );
});

test('reads every address that the generator of another project writes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      expect(parseAddress(text)).toBeDefined();
    }),
    { numRuns: 3000 },
  );
});

test('text like addresses is refused, or its canonical form means the same', () => {
  const text = fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', ':', '.', '2', '5'), maxLength: 20 });
  fc.assert(
    fc.property(text, (candidate) => {
      const bytes = parseAddress(candidate);
      const canonical = canonicalAddress(candidate);
      expect(canonical === undefined ? undefined : parseAddress(canonical)).toEqual(bytes);
      expect(candidate.includes(':::') && bytes !== undefined).toBe(false);
    }),
    { numRuns: 5000 },
  );
});
