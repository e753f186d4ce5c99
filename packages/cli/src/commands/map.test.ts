import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, parseMapDocument } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { edges, run } from '../testing/map-in-a-folder.ts';
import { NOW } from '../testing/test-host.ts';

describe('map', () => {
  test('writes the map and a summary', async () => {
    const { code, host } = await run(['map', '--kube', 'k', '--pcap', 'a.pcap', '--since', '2026-01-31T09:00:00Z', '-o', 'out.json'], {
      buildMap: ({ kube, pcap }) => {
        expect([kube, pcap].flat().map((path) => path.replace(/.*\//, ''))).toEqual(['k', 'a.pcap']);
        const summary = {
          packets: 12,
          transactions: 3,
          attempts: 2,
          sockets: 0,
          window: { since: NOW - 60_000, until: NOW },
          unresolved: [{ what: 'address never owned', count: 4, examples: ['10.0.0.1', '10.0.0.2'] }],
          skipped: [{ what: 'packets cut short', count: 1 }],
        };
        return Promise.resolve({ edges: edges.slice(0, 1), summary });
      },
    });
    expect(code).toBe(0);
    expect(host.err()).toBe(`12 packets, 2026-01-31T11:59:00.000Z to 2026-01-31T12:00:00.000Z
3 DNS transactions, 2 connection attempts, 0 open sockets
1 edges written to out.json
unresolved: 4 address never owned (10.0.0.1, 10.0.0.2, …)
skipped: 1 packets cut short
`);
    const document = parseMapDocument(JSON.parse(readFileSync(join(host.cwd, 'out.json'), 'utf8')));
    expect(document.window).toEqual({ since: '2026-01-31T09:00:00.000Z', until: '2026-01-31T12:00:00.000Z' });
  });
  test.each<[string, number, string, string[]?]>([
    ['nothing was seen', 0, 'no edges: nothing was seen; do the captures hold DNS (port 53) or TCP SYN packets?'],
    [
      'nobody of the dumps was seen',
      3,
      'no edges: nobody in the captures was found in the dumps; give --kube dumps of the same cluster and time',
    ],
    ['no dump was given', 3, 'no edges: without a dump of the cluster nobody is known; add --kube', ['map', '--pcap', 'x']],
    [
      'nothing of that time was seen',
      3,
      'no edges: nothing that was seen lies between --since and --until',
      ['map', '--pcap', 'x', '--since', '2030-01-01T00:00:00Z'],
    ],
  ])('an empty map says why: %s', async (_name, transactions, expected, argv = ['map', '--pcap', 'x', '--kube', 'y']) => {
    const summary = { packets: 9, transactions, attempts: 0, sockets: 0, window: {}, unresolved: [], skipped: [{ what: 'x: it is cut' }] };
    const { code, host } = await run(argv, { buildMap: () => Promise.resolve({ edges: [], summary }) });
    expect([code, host.err()]).toEqual([0, expect.stringContaining(expected)]);
    expect(host.err()).toContain('\nskipped: x: it is cut\n');
  });
  test('an expected failure names the file', async () => {
    const { code, host } = await run(['map', '--pcap', 'x'], {
      buildMap: () => Promise.reject(new AppError('PCAP_INVALID', 'x: not a capture')),
    });
    expect([code, host.err()]).toEqual([3, 'network-mapper: x: not a capture\n']);
  });
});
