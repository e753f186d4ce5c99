import { describe, expect, test } from 'vitest';
import type { Peer } from '../model/peer.ts';
import { edge, seen, workload } from '../testing/edges.ts';
import { parseMapDocument } from './parse-map-document.ts';
import { parseRfc3339, toRfc3339 } from './rfc3339.ts';
import { toEdges } from './to-edges.ts';
import { toMapDocument } from './to-map-document.ts';

const at = seen.firstSeenAt;
const written = (edges: unknown[], rest: object = {}): unknown => ({
  schema: 'network-mapper/map/v1',
  generatedAt: '2026-01-31T12:00:00Z',
  window: {},
  edges,
  ...rest,
});

describe('RFC 3339', () => {
  test.each([
    ['UTC', '2026-01-31T12:00:00Z', at],
    ['milliseconds', '2026-01-31T12:00:00.250Z', at + 250],
    ['nanoseconds', '2026-01-31T12:00:00.000250000Z', at + 0.25],
    ['offset', '2026-01-31T14:30:00+02:30', at],
    ['lower case', '2026-01-31t12:00:00z', at],
    ['29 February of a leap year', '2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['29 February otherwise', '2026-02-29T00:00:00Z', undefined],
    ['date only', '2026-01-31', undefined],
    ['no zone', '2026-01-31T12:00:00', undefined],
    ['hour 24', '2026-01-31T24:00:00Z', undefined],
    ['month 13', '2026-13-01T00:00:00Z', undefined],
  ])('%s', (_name, text, expected) => expect(parseRfc3339(text)).toBe(expected));

  test('written with milliseconds', () => expect(toRfc3339(at)).toBe('2026-01-31T12:00:00.000Z'));
});

describe('map document', () => {
  const full = edge({ ...workload('web'), labels: { app: 'web', a: '1' } } as Peer, workload('cart'), {
    class: 'system',
    shared: true,
    ports: [
      { port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart' }, servicePort: 80, evidence: { tcp: seen } },
      { protocol: 'HBONE', evidence: { tcp: { ...seen, approximate: true } } },
    ],
    services: [{ namespace: 'shop', name: 'cart' }],
    names: ['cart.example.com'],
    kafka: [{ topic: 't', operation: 'consume', allowed: false, resourceType: 'topic', principal: 'User:a' }],
    http: [{ path: '/a', methods: ['GET', 'HEAD'] }],
    actions: [{ action: 's3:GetObject', count: 3 }],
    via: workload('waypoint'),
  });

  test('edges survive the way through a file', () => {
    const text = JSON.stringify(toMapDocument([full], { generatedAt: at, window: { since: at, until: at + 1 } }));
    const document = parseMapDocument(JSON.parse(text));
    expect(document.window).toEqual({ since: '2026-01-31T12:00:00.000Z', until: '2026-01-31T12:00:00.001Z' });
    expect(toEdges(document)).toEqual([{ ...full, ports: [full.ports[1], full.ports[0]] }]);
  });

  test('every kind of peer survives', () => {
    const peers: Peer[] = [
      { type: 'service', cluster: 'c', namespace: 'shop', name: 'db', addresses: ['10.0.0.1'] },
      { type: 'internet', domain: 'api.example.com', addresses: ['203.0.113.7'], addressCount: 4, scope: 'public' },
      { type: 'apiServer', cluster: 'c' },
      { type: 'node', cluster: 'c', name: 'n1' },
      { type: 'aws', resource: 'arn:aws:s3:::b', service: 's3', account: '1', region: 'eu' },
      { type: 'unknown', cluster: 'c', address: '10.1.1.1', reason: 'pod-gone' },
    ];
    const edges = peers.map((server) => edge(workload('web'), server));
    const back = toEdges(parseMapDocument(JSON.parse(JSON.stringify(toMapDocument(edges, { generatedAt: at })))));
    expect(back).toHaveLength(peers.length);
    expect(new Set(back.map(({ server }) => server))).toEqual(new Set(peers));
  });

  test('sorted by client namespace, client name, then server, whatever the order given', () => {
    const edges = [
      edge(workload('b', 'z'), workload('a')),
      edge(workload('a-b'), workload('x')),
      edge(workload('a'), workload('z')),
      edge(workload('a'), workload('y', 'a')),
      edge({ type: 'node', cluster: 'c', name: 'n1' }, workload('y')),
      edge({ type: 'internet', scope: 'public' }, workload('y'), { ports: [{ port: 443, protocol: 'TCP', evidence: {} }] }),
      edge({ type: 'internet', scope: 'public' }, workload('y'), { ports: [{ port: 80, protocol: 'TCP', evidence: {} }] }),
    ];
    const document = toMapDocument(edges, { generatedAt: at });
    const names = document.edges.map(
      (one) =>
        `${'name' in one.client ? one.client.name : one.client.type}>${'name' in one.server ? one.server.name : ''}${one.ports[0]?.port ?? ''}`,
    );
    expect(names).toEqual(['internet>y80', 'internet>y443', 'n1>y', 'a>y', 'a>z', 'a-b>x', 'b>a']);
    expect(JSON.stringify(toMapDocument(edges.toReversed(), { generatedAt: at }))).toBe(JSON.stringify(document));
  });

  test('what may be absent has a plain value, what is not known is ignored', () => {
    const document = parseMapDocument(
      written(
        [
          {
            client: { type: 'workload', namespace: 'shop', name: 'web', mood: 'good' },
            server: { type: 'internet', domain: 'a.example' },
            ports: [{ port: 443, protocol: 'TCP' }],
            colour: 'red',
          },
        ],
        { window: undefined, extra: {} },
      ),
    );
    expect(toEdges(document)).toEqual([
      {
        client: { type: 'workload', cluster: 'default', namespace: 'shop', name: 'web', kind: '', mood: 'good' },
        server: { type: 'internet', domain: 'a.example', scope: 'public' },
        class: 'app',
        shared: false,
        evidence: {},
        ports: [{ port: 443, protocol: 'TCP', evidence: {} }],
      },
    ]);
  });

  const web = { type: 'workload', namespace: 'shop', name: 'web' };
  test.each([
    ['not an object', [], 'expected a map file (an object with "schema": "network-mapper/map/v1"), got a list'],
    ['no schema', { edges: [] }, 'schema: this version reads "network-mapper/map/v1", the file names none'],
    [
      'another version',
      written([], { schema: 'network-mapper/map/v9' }),
      'schema: this version reads "network-mapper/map/v1", got "network-mapper/map/v9"',
    ],
    ['no edges', { ...(written([]) as object), edges: undefined }, 'edges: expected a list, got nothing'],
    [
      'bad time',
      written([], { generatedAt: 'yesterday' }),
      'generatedAt: expected a time of RFC 3339 (2026-01-31T12:00:00Z), got "yesterday"',
    ],
    ['bad window', written([], { window: { since: 3 } }), 'window.since: expected a time of RFC 3339 (2026-01-31T12:00:00Z), got 3'],
    [
      'bad port',
      written([
        { client: web, server: web },
        { client: web, server: web, ports: [{ port: 'x', protocol: 'TCP' }] },
      ]),
      'edges[1].ports[0].port: expected an integer 0..65535, got "x"',
    ],
    [
      'port out of range',
      written([{ client: web, server: web, ports: [{ port: 65_536, protocol: 'TCP' }] }]),
      'edges[0].ports[0].port: expected an integer 0..65535, got 65536',
    ],
    [
      'unknown peer',
      written([{ client: { type: 'ghost' }, server: web }]),
      'edges[0].client.type: expected one of workload, service, internet, apiServer, node, aws, gcp, azure, unknown, got "ghost"',
    ],
    [
      'peer without name',
      written([{ client: web, server: { type: 'workload', namespace: 'a' } }]),
      'edges[0].server.name: expected a text that is not empty, got nothing',
    ],
    ['null peer', written([{ client: web, server: null }]), 'edges[0].server: expected an object, got null'],
    [
      'negative count',
      written([
        { client: web, server: web, evidence: { dns: { count: -1, firstSeen: '2026-01-31T12:00:00Z', lastSeen: '2026-01-31T12:00:00Z' } } },
      ]),
      'edges[0].evidence.dns.count: expected an integer from 0, got -1',
    ],
    [
      'label that is no text',
      written([{ client: { ...web, labels: { a: 1 } }, server: web }]),
      'edges[0].client.labels["a"]: expected a text, got 1',
    ],
    [
      'inherited type',
      written([{ client: { type: 'constructor' }, server: web }]),
      'edges[0].client.type: expected one of workload, service, internet, apiServer, node, aws, gcp, azure, unknown, got "constructor"',
    ],
  ])('refuses: %s', (_name, json, message) => {
    expect(() => parseMapDocument(json)).toThrow(expect.objectContaining({ code: 'MAP_INVALID', message }));
  });
});
