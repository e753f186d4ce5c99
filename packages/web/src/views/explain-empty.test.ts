import { expect, test } from 'vitest';
import type { SessionSnapshot } from '../data/session.ts';
import type { MapSource, UiStatus } from '../data/source.ts';
import { createMapModel } from '../graph/model.ts';
import { createFixtureMap, FIXTURE_NOW, FIXTURE_SIZES } from '../testing/fixture-map.ts';
import { explainEmpty } from './explain-empty.ts';

const full = createMapModel();
full.upsert(createFixtureMap(FIXTURE_SIZES.small));
const snapshot = (more: Partial<SessionSnapshot>): SessionSnapshot => ({
  phase: 'ready',
  model: createMapModel(),
  version: 1,
  window: {},
  notLoaded: 0,
  ...more,
});
const sniffer = (ageMs: number) => ({ kind: 'sniffer', lastSeen: new Date(FIXTURE_NOW - ageMs).toISOString() });
const status = (more: object): UiStatus => ({ ready: true, edges: 0, reporters: [sniffer(1_000)], ...more }) as unknown as UiStatus;
const file = { kind: 'file', label: 'a.json' } as MapSource;

test.each<[string, Partial<SessionSnapshot>, boolean, string]>([
  ['starting', { phase: 'starting' }, false, 'Loading the map'],
  ['failed', { phase: 'failed', error: 'x' }, false, 'The map could not be loaded'],
  ['filtered away', { model: full }, true, 'No call passes the filters'],
  ['system only', { model: full }, false, 'Only system traffic here'],
  ['a file without calls in the window', { source: file }, false, 'No calls in this window'],
  ['no status', {}, false, 'No calls seen yet'],
  ['mapper not ready', { status: status({ ready: false }) }, false, 'The mapper is starting'],
  ['no sniffers', { status: status({ reporters: [] }) }, false, 'No sniffer has reported yet'],
  ['silent sniffers', { status: status({ reporters: [sniffer(900_000)] }) }, false, 'The sniffers have stopped reporting'],
  ['calls at other times', { status: status({ edges: 9 }) }, false, 'No calls in this window'],
  ['nothing yet', { status: status({}) }, false, 'Listening'],
])('%s', (_name, more, isFiltered, title) => {
  expect(explainEmpty(snapshot(more), isFiltered, 'the last hour', FIXTURE_NOW).title).toBe(title);
});
