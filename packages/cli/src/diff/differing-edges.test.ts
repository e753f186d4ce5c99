import { parseMapDocument, toEdges, toMapDocument } from '@nm/core';
import type { Edge, Peer } from '@nm/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toMapJson } from '../output/map-json.ts';
import { HOSTILE_NAMES, NOW, workload } from '../testing/test-host.ts';
import { diffEdges } from './diff-edges.ts';
import { differingEdges } from './differing-edges.ts';

const names = fc.constantFrom('a', 'b', 'c-1', 'c-2', 'é', '{"client":{', ',"firstSeen":"2026', ...HOSTILE_NAMES);
const peers: fc.Arbitrary<Peer> = fc.oneof(
  names.map((name): Peer => workload(name)),
  fc.record({ type: fc.constant('internet' as const), domain: names, scope: fc.constant('public' as const) }),
  fc.record({ type: fc.constant('unknown' as const), cluster: fc.constant('default'), address: names }),
);
const evidence = fc
  .record({ count: fc.nat(120), firstSeenAt: fc.integer({ min: NOW - 9_000, max: NOW }), lastSeenAt: fc.constant(NOW) })
  .map((tcp) => ({ tcp }));
const someEdges = fc.uniqueArray(
  fc.record<Edge>({
    client: peers,
    server: peers,
    class: fc.constantFrom('app', 'system'),
    shared: fc.boolean(),
    evidence,
    ports: fc.array(fc.record({ port: fc.nat(3), protocol: fc.constant('TCP' as const), evidence }), { maxLength: 2 }),
    names: fc.array(names, { maxLength: 1 }),
  }),
  { selector: ({ client, server }) => JSON.stringify([client, server]), maxLength: 12 },
);

function bytesOf(edges: readonly Edge[]): Uint8Array {
  return new TextEncoder().encode([...toMapJson(toMapDocument(edges, { generatedAt: NOW }))].join(''));
}

function readWhole(bytes: Uint8Array): Edge[] {
  return toEdges(parseMapDocument(JSON.parse(new TextDecoder().decode(bytes))));
}

test('leaving out what is alike changes no comparison', () => {
  fc.assert(
    fc.property(someEdges, someEdges, fc.boolean(), fc.nat(11), (one, another, counts, kept) => {
      // Some edges of the first map are in the second too, seen later and more often.
      const later = one
        .slice(0, kept)
        .map((edge) => ({ ...edge, evidence: { tcp: { count: 7, firstSeenAt: NOW + 1, lastSeenAt: NOW + 2 } } }));
      const keys = new Set(later.map(({ client, server }) => JSON.stringify([client, server])));
      const rest = another.filter(({ client, server }) => !keys.has(JSON.stringify([client, server])));
      const [first, second] = [bytesOf(one), bytesOf([...later, ...rest])];
      const left = differingEdges(first, second, { counts });
      expect(left).toBeDefined();
      if (left === undefined) return;
      expect(diffEdges(left.before, left.after, { counts })).toEqual(diffEdges(readWhole(first), readWhole(second), { counts }));
    }),
    { numRuns: 300 },
  );
});

describe('what is left', () => {
  const time = (second: number): string => `2026-01-31T12:00:0${second}.000Z`;
  const line = (name: string, port: number, count: number, at: string): string =>
    `{"client":{"type":"workload","namespace":"n","name":"web"},"server":{"type":"workload","namespace":"n","name":"${name}"},"evidence":{"tcp":{"count":${count},"firstSeen":"${at}","lastSeen":"${at}"}},"ports":[{"port":${port},"protocol":"TCP"}]}`;
  const file = (lines: readonly string[], comma = ',\n'): Uint8Array =>
    Buffer.from(`{"schema":"network-mapper/map/v1","generatedAt":"${time(0)}","edges":[${lines.join(comma)}]}\n`);
  const one = line('cart', 80, 9, time(1));

  test.each([
    ['nothing of equal maps', [one], [one], false, [0, 0]],
    ['nothing of maps without edges', [], [], false, [0, 0]],
    ['nothing when times and counts differ', [one], [line('cart', 80, 10, '2026-01-31T13:00:00+01:00')], false, [0, 0]],
    ['counts when they are asked for', [one], [line('cart', 80, 10, time(1))], true, [1, 1]],
    ['not times then', [one], [line('cart', 80, 9, time(2))], true, [0, 0]],
    ['a port', [one], [line('cart', 81, 9, time(1))], false, [1, 1]],
    ['a digit of a name', [line('cart-1', 80, 9, time(1))], [line('cart-2', 80, 9, time(1))], false, [1, 1]],
    ['what came in between', [line('a', 80, 1, time(1)), one], [line('a', 80, 2, time(1)), line('b', 1, 1, time(1)), one], false, [0, 1]],
    ['what went in between', [line('a', 1, 1, time(1)), line('b', 1, 1, time(1)), one], [line('a', 1, 1, time(1)), one], false, [1, 0]],
  ])('%s', (_name, before, after, counts, expected) => {
    const indented = (bytes: Uint8Array): Uint8Array => Buffer.from(JSON.stringify(JSON.parse(Buffer.from(bytes).toString()), null, 2));
    const spaced = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString().replaceAll('":', '" : '));
    for (const comma of [',', ',\n', ' , ']) {
      for (const form of [(bytes: Uint8Array) => bytes, indented, spaced]) {
        const left = differingEdges(form(file(before, comma)), form(file(after, comma)), { counts });
        expect([left?.before.length, left?.after.length]).toEqual(expected);
      }
    }
  });

  test.each([
    ['edges that begin differently', file([one, one.replace(/"client":(.*),"server":(\{[^}]*\})/, '"server":$2,"client":$1')])],
    [
      'fields after the edges',
      Buffer.from(
        Buffer.from(file([one]))
          .toString()
          .replace(/\]\}\n$/, '],"x":1}'),
      ),
    ],
    [
      'edges twice',
      Buffer.from(
        Buffer.from(file([one]))
          .toString()
          .replace('"edges":[', '"edges":[],"edges":['),
      ),
    ],
    ['an edge within an edge', file([one.replace('"ports":', `"x":[1,${one}],"ports":`)])],
    ['not JSON', file([one, '{"client":{'])],
    ['a bad value', file([one.replace('"count":9', '"count":-9')])],
    ['no map', Buffer.from('[]')],
    ['nothing', Buffer.from('')],
    [
      'another schema',
      Buffer.from(
        Buffer.from(file([one]))
          .toString()
          .replace('/v1', '/v9'),
      ),
    ],
  ])('read whole: %s', (_name, bytes) => {
    expect(differingEdges(bytes, file([one]), { counts: false })).toBeUndefined();
  });
});
