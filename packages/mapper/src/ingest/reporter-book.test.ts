import type { Reporter } from '@nm/api';
import { describe, expect, test } from 'vitest';
import { ReporterBook, reporterKey } from './reporter-book.ts';

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

test('the same instance on two nodes is two reporters, also after a restart', () => {
  const book = new ReporterBook();
  const other: Reporter = { ...SNIFFER, node: 'node-2' };
  for (const reporter of [SNIFFER, other]) book.heard(reporter, NOW, NOW);
  const after = new ReporterBook();
  for (const { instance, node } of [SNIFFER, other] as const) {
    after.restore({
      instance: reporterKey({ instance, ...(node !== undefined && { node }) }),
      kind: 'sniffer',
      ...(node !== undefined && { node }),
      seenAt: NOW,
    });
  }
  after.heard(other, NOW + 5, NOW + 5);
  for (const one of [book, after]) {
    expect(one.all().map(({ instance, node }) => [instance, node])).toEqual([
      ['a', 'node-1'],
      ['a', 'node-2'],
    ]);
  }
});

describe('what is kept over a restart', () => {
  test('node, losses, addresses, listeners and since when', () => {
    const before = new ReporterBook();
    const { entry } = before.heard({ ...SNIFFER, losses: { ring: 3 } }, NOW, NOW);
    const after = new ReporterBook();
    const listeners = [{ port: 10_250, protocol: 'TCP' }] as const;
    const told = after.restore({
      instance: 'a',
      kind: 'sniffer',
      node: 'node-1',
      version: '1',
      seenAt: NOW + 5,
      extra: before.extraOf(entry, { addresses: ['10.0.0.1'], listeners }),
    });
    expect(told).toMatchObject({ addresses: ['10.0.0.1'], listeners });
    expect(after.all()).toMatchObject([{ instance: 'a', losses: { ring: 3 }, firstSeenAt: NOW, lastSeenAt: NOW + 5 }]);
    expect(after.hasSniffer('node-1', NOW)).toBe(true);
  });

  test.each(['', 'nonsense', '[]', 'null', '{"losses": 5}'])('%s instead of JSON breaks nothing', (extra) => {
    const book = new ReporterBook();
    expect(book.restore({ instance: 'a', kind: 'sniffer', seenAt: NOW, extra })?.addresses).toBeUndefined();
    expect(book.all()).toHaveLength(1);
  });

  test('listeners beyond the bound are left out before addresses are', () => {
    const book = new ReporterBook();
    const { entry } = book.heard(SNIFFER, NOW, NOW);
    const listeners = Array.from({ length: 3_000 }, (_, port) => ({ port, protocol: 'TCP' as const }));
    expect(JSON.parse(book.extraOf(entry, { addresses: ['10.0.0.1'], listeners }))).toEqual({
      losses: {},
      firstSeenAt: NOW,
      addresses: ['10.0.0.1'],
    });
  });
});

describe('what another replica heard', () => {
  const state = { instance: 'b@node-2', kind: 'sniffer', node: 'node-2', version: '1', seenAt: NOW };
  const extra = JSON.stringify({ addresses: ['10.0.0.2'], firstSeenAt: NOW - 60_000 });

  test('its node has a sniffer here too, and stays so', () => {
    const book = new ReporterBook();
    expect(book.hasSniffer('node-2', NOW)).toBe(false);
    expect(book.restore({ ...state, extra })).toMatchObject({ addresses: ['10.0.0.2'] });
    book.restore({ ...state, seenAt: NOW + 600_000, extra });
    expect(book.hasSniffer('node-2', NOW + 600_000)).toBe(true);
  });

  test('does not take the place of what was heard here since', () => {
    const book = new ReporterBook();
    const { entry } = book.heard({ ...SNIFFER, instance: 'b', node: 'node-2', losses: { ring: 1 } }, NOW + 5, NOW + 5);
    entry.batches = 7;
    expect(book.restore({ ...state, extra })).toBeUndefined();
    expect(book.all()).toMatchObject([{ batches: 7, losses: { ring: 1 }, lastSeenAt: NOW + 5 }]);
  });
});

test('reporters are bounded: the one not heard of for longest goes', () => {
  const book = new ReporterBook();
  for (let i = 0; i <= 10_000; i++) book.heard({ ...SNIFFER, instance: `i-${i}` }, NOW, NOW);
  expect(book.all().length).toBe(10_000);
  expect(book.all()[0]?.instance).toBe('i-1');
});
