import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { parseMapDocument } from './parse-map-document.ts';
import { toEdges } from './to-edges.ts';
import { toMapDocument } from './to-map-document.ts';

/** Runs, and gives the error's code instead of throwing; anything but an expected error goes through. */
function codeOf(json: unknown): string | undefined {
  try {
    toMapDocument(toEdges(parseMapDocument(json)), { generatedAt: 0 });
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code;
  }
}

test('any JSON is read or refused, never a crash', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect([undefined, 'MAP_INVALID']).toContain(codeOf(json));
    }),
  );
});

test('a valid file with anything at one place is read or refused, never a crash', () => {
  const time = '2026-01-31T12:00:00Z';
  const evidence = { tcp: { count: 1, firstSeen: time, lastSeen: time } };
  const workload = { type: 'workload', cluster: 'c', namespace: 'n', name: 'w', kind: 'Deployment', labels: { a: 'b' } };
  const edge = {
    client: workload,
    server: { type: 'internet', domain: 'a.example', addresses: ['203.0.113.1'], addressCount: 2, scope: 'public' },
    class: 'app',
    shared: false,
    evidence,
    ports: [{ port: 1, protocol: 'TCP', service: { namespace: 'n', name: 's' }, servicePort: 2, evidence }],
    services: [{ namespace: 'n', name: 's' }],
    names: ['x'],
    kafka: [{ topic: 't', operation: 'consume', allowed: true, resourceType: 'topic', principal: 'p' }],
    http: [{ path: '/', methods: ['GET'] }],
    actions: [{ action: 'a', count: 1 }],
    via: workload,
  };
  const text = JSON.stringify({ schema: 'network-mapper/map/v1', generatedAt: time, window: { since: time }, edges: [edge] });
  expect(codeOf(JSON.parse(text))).toBeUndefined();
  const values = [...text.matchAll(/:("[^"]*"|\d+|true|false|\[[^\]]*\])/g)].map(({ index }) => index);
  fc.assert(
    fc.property(fc.constantFrom(...values), fc.jsonValue(), (at, value) => {
      const mutated = `${text.slice(0, at)}:${JSON.stringify(value)}${text.slice(at).replace(/^:("[^"]*"|\d+|true|false|\[[^\]]*\])/, '')}`;
      let json: unknown;
      try {
        json = JSON.parse(mutated);
      } catch {
        return; // The cut fell inside a nested list.
      }
      expect([undefined, 'MAP_INVALID']).toContain(codeOf(json));
    }),
    { numRuns: 500 },
  );
});
