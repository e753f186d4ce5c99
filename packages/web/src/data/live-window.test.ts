import { describe, expect, test } from 'vitest';
import { createMapModel } from '../graph/model.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import { recountEveryMs, toLiveChange } from './live-window.ts';

const at = (minute: number): string => new Date(minute * 60_000).toISOString();
const edge = (first: number, last: number, count: number): UiEdge => ({
  id: 'a',
  client: { type: 'workload', cluster: 'c', namespace: 'shop', name: 'web', kind: 'Deployment' },
  server: { type: 'workload', cluster: 'c', namespace: 'shop', name: 'cart', kind: 'Deployment' },
  class: 'app',
  shared: false,
  evidence: { tcp: { count, firstSeen: at(first), lastSeen: at(last) } },
  ports: [],
});

describe('a live change in a window', () => {
  const known = createMapModel();
  known.upsert([edge(50, 60, 7)]);
  test.each([
    ['younger than the window: as it came', edge(50, 70, 9), { since: 45 * 60_000 }, [9], []],
    ['older: the counts of the window stay until counted', edge(1, 70, 900), { since: 45 * 60_000 }, [7], ['a']],
    ['everything kept: as it came', edge(1, 70, 900), {}, [900], []],
    ['after a window that is over: nothing', edge(50, 70, 9), { since: 0, until: 40 * 60_000 }, [], []],
    ['also after it: counted', edge(30, 70, 9), { since: 0, until: 40 * 60_000 }, [7], ['a']],
    ['before the window: nothing', edge(1, 2, 9), { since: 45 * 60_000 }, [], []],
  ])('%s', (_name, changed, window, counts, ids) => {
    const change = toLiveChange([changed], known.links, window);
    expect([change.edges.map(({ evidence }) => evidence.tcp?.count), change.ids]).toEqual([counts, ids]);
  });

  test('an edge that comes back after long waits for its count', () => {
    expect(toLiveChange([edge(1, 70, 900)], new Map(), { since: 45 * 60_000 })).toEqual({ edges: [], ids: ['a'] });
  });
});

test.each([
  ['15 min', { type: 'last', ms: 900_000 }, false, 60_000],
  ['24 h', { type: 'last', ms: 86_400_000 }, false, 1_440_000],
  ['a large map', { type: 'last', ms: 900_000 }, true, 300_000],
  ['all', { type: 'all' }, false, undefined],
  ['a range', { type: 'range', since: 0, until: 1 }, false, undefined],
] as const)('%s is counted anew', (_name, range, isLarge, ms) => expect(recountEveryMs(range, isLarge)).toBe(ms));
