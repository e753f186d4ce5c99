/**
 * Resolution: how many addresses are resolved to workloads a second, at random (address, time) pairs, with 10,000
 * pods of which a tenth of the addresses had an earlier owner.
 *
 *   node bench/resolution.ts [repeats]
 */
import { createClusterView, createResolver } from '@nm/core';
import type { Observation } from '@nm/core';
import { deployed, service, T } from '../packages/core/src/testing/cluster.ts';
import { printFigures } from './figures.ts';

const PODS = 10_000;
const PER_RUN = 500_000;
const repeats = Number(process.argv[2] ?? 7);

const view = createClusterView({ cluster: 'bench' });
const addresses: string[] = [];
for (let i = 0; i < PODS; i++) {
  const address = `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  addresses.push(address);
  const workload = `w-${i % 500}`;
  if (i % 10 === 0)
    for (const change of deployed(`old-${i % 500}`, address, { startedAt: T - 7_200_000, finishedAt: T - 1_800_000, name: `old-${i}` }))
      view.apply(change);
  for (const change of deployed(workload, address, { startedAt: i % 10 === 0 ? T - 1_700_000 : T - 7_200_000, name: `p-${i}` }))
    view.apply(change);
}
for (let i = 0; i < 500; i++) view.apply(service(`w-${i}`, `10.96.${i >> 8}.${i & 255}`, [{ port: 80, targetPort: 8080 }]));

let state = 12345;
const random = (bound: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state % bound;
};
const picks = Array.from({ length: PER_RUN }, () => ({ address: addresses[random(PODS)] ?? '', at: T - random(7_200_000) }));

const perSecond: number[] = [];
const observationsPerSecond: number[] = [];
const resolver = createResolver({ view });
const observations = picks.slice(0, 100_000).map(({ address, at }): Observation => ({
  kind: 'tcp',
  vantage: 'client',
  source: { address },
  destination: { protocol: 'TCP', address: addresses[random(PODS)] ?? '', port: 8080 },
  count: 1,
  firstSeenAt: at,
  lastSeenAt: at,
}));
let found = 0;
for (let run = 0; run < repeats; run++) {
  const start = performance.now();
  for (const { address, at } of picks) if (view.pods.ownerAt(address, at) !== undefined) found += 1;
  perSecond.push(PER_RUN / ((performance.now() - start) / 1000));
  const from = performance.now();
  for (const observation of observations) found += resolver.resolve(observation, T).updates.length;
  observationsPerSecond.push(observations.length / ((performance.now() - from) / 1000));
}
printFigures(
  'resolution',
  { 'addresses resolved per second': perSecond, 'observations resolved per second': observationsPerSecond },
  { pods: PODS, found },
);
