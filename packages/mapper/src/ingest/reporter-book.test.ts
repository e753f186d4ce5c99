import type { Reporter } from '@nm/api';
import { describe, expect, test } from 'vitest';
import { ReporterBook } from './reporter-book.ts';

const SNIFFER: Reporter = { kind: 'sniffer', node: 'node-1', instance: 'a', version: '1' };
const NOW = 1_700_000_000_000;

describe('the clock of a reporter', () => {
  const rows: readonly [string, readonly number[], number][] = [
    ['is right: delay is no offset', [-20, -5, -300], 0],
    ['is an hour ahead', [3_600_000 - 40, 3_600_000 - 5], 3_600_000 - 5],
    ['is an hour behind', [-3_600_000 - 40, -3_600_000 - 5], -3_600_000 - 5],
    ['is right, one batch was long on its way', [-90_000, -10], 0],
  ];
  test.each(rows)('%s', (_, offsets, expected) => {
    const book = new ReporterBook();
    const corrections = offsets.map((offset) => book.heard(SNIFFER, NOW + offset, NOW).correctionMs);
    expect(corrections.at(-1)).toBe(expected);
  });

  test('was set right: the old offset is forgotten after some batches', () => {
    const book = new ReporterBook();
    book.heard(SNIFFER, NOW + 3_600_000, NOW);
    let correction = 1;
    for (let i = 0; i < 16; i++) correction = book.heard(SNIFFER, NOW - 5, NOW).correctionMs;
    expect(correction).toBe(0);
  });
});

describe('whether a node had a sniffer', () => {
  const book = new ReporterBook();
  book.heard(SNIFFER, NOW, NOW);
  book.heard(SNIFFER, NOW + 60_000, NOW + 60_000);
  test.each([
    ['while it reported', 'node-1', NOW + 30_000, true],
    ['a moment before its first report', 'node-1', NOW - 60_000, true],
    ['long before', 'node-1', NOW - 600_000, false],
    ['long after', 'node-1', NOW + 600_000, false],
    ['another node', 'node-2', NOW, false],
  ])('%s', (_, node, at, expected) => expect(book.hasSniffer(node, at)).toBe(expected));
});

describe('what is kept over a restart', () => {
  test('node, losses, addresses and since when', () => {
    const before = new ReporterBook();
    const { entry } = before.heard({ ...SNIFFER, losses: { ring: 3 } }, NOW, NOW);
    const after = new ReporterBook();
    const addresses = after.restore({
      instance: 'a',
      kind: 'sniffer',
      node: 'node-1',
      version: '1',
      seenAt: NOW + 5,
      extra: before.extraOf(entry, ['10.0.0.1']),
    });
    expect(addresses).toEqual(['10.0.0.1']);
    expect(after.all()).toMatchObject([{ instance: 'a', losses: { ring: 3 }, firstSeenAt: NOW, lastSeenAt: NOW + 5 }]);
    expect(after.hasSniffer('node-1', NOW)).toBe(true);
  });

  test.each(['', 'nonsense', '[]', 'null', '{"losses": 5}'])('%s instead of JSON breaks nothing', (extra) => {
    const book = new ReporterBook();
    expect(book.restore({ instance: 'a', kind: 'sniffer', seenAt: NOW, extra })).toEqual([]);
  });
});

test('reporters are bounded: the one not heard of for longest goes', () => {
  const book = new ReporterBook();
  for (let i = 0; i <= 10_000; i++) book.heard({ ...SNIFFER, instance: `i-${i}` }, NOW, NOW);
  expect(book.all().length).toBe(10_000);
  expect(book.all()[0]?.instance).toBe('i-1');
});
