import { expect, test } from 'vitest';
import { pod, T } from '../testing/cluster.ts';
import { createClusterView } from './cluster-view.ts';

const ADDRESS = '10.0.0.1';

test('whoever had an address is found to the millisecond, whether one pod or many had it', () => {
  const tenures = [
    { from: T, talksFrom: T + 1_500, to: T + 4_000 },
    { from: T + 3_250, talksFrom: T + 3_250, to: T + 5_001 },
    { from: T + 5_001, talksFrom: T + 7_999, to: T + 9_000 },
  ];
  const view = createClusterView({ cluster: 'one' });
  for (const [index, { from, talksFrom, to }] of tenures.entries()) {
    const { pod: record } = pod(`p-${index}`, ADDRESS, {
      createdAt: from,
      firstContainerStartedAt: talksFrom,
    });
    view.apply({ type: 'pod', pod: record, at: from });
    view.apply({ type: 'pod', pod: record, at: to, deleted: true });
    for (let at = T - 2_000; at < T + 11_000; at += at % 1_000 === 0 ? 1 : 249.5) {
      const owners = tenures.slice(0, index + 1).map((tenure, number) => ({ ...tenure, name: `p-${number}` }));
      const own = owners.filter((tenure) => tenure.from <= at && at < tenure.to).toReversed();
      const expected = own.find((tenure) => tenure.talksFrom <= at) ?? own[0];
      expect([at - T, view.pods.ownerAt(ADDRESS, at)?.record.name]).toEqual([at - T, expected?.name]);
    }
  }
});

test('an address that all its pods have left belongs to nobody once they are forgotten', () => {
  const view = createClusterView({ cluster: 'one' });
  for (const [index, to] of [T, T + 1_000, T + 2_000].entries()) {
    const { pod: record } = pod(`p-${index}`, [ADDRESS, `10.0.1.${index}`], { createdAt: to - 1_000 });
    view.apply({ type: 'pod', pod: record, at: to, deleted: true });
  }
  view.prune(T + 1_500);
  expect(view.pods.ownerAt(ADDRESS, T - 500)).toBeUndefined();
  expect(view.pods.ownerAt(ADDRESS, T + 1_500)?.record.name).toBe('p-2');
  view.prune(T + 3_000);
  expect([view.pods.hasEverOwned(ADDRESS), view.pods.hasEverOwned('10.0.1.2')]).toEqual([false, false]);
});
