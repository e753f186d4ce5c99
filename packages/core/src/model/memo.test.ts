import { expect, test } from 'vitest';
import { asDropped } from '../resolve/resolution.ts';
import { Memo } from './memo.ts';

const when = { view: {}, generation: 1, epoch: 10 };
const flow = { address: '10.0.0.1', port: 80, protocol: 'TCP', askedAddress: undefined, askedPort: undefined } as const;

test.each([
  ['another view', { ...when, view: {} }],
  ['the cluster changed', { ...when, generation: 2 }],
  ['another stretch of time', { ...when, epoch: 20 }],
  ['a time whose boundaries were forgotten', { ...when, epoch: Number.NaN }],
])('a note holds in the state of the cluster in which it was made: %s', (_name, other) => {
  const memo = new Memo();
  const found = memo.note(when, asDropped('local-address'));
  memo.noteFlow(when, flow, found);
  expect([memo.found(when), memo.foundFlow(when, { ...flow })]).toEqual([found, found]);
  expect([memo.found(other), memo.foundFlow(other, flow)]).toEqual([undefined, undefined]);
});

test.each([
  ['port', { port: 81 }],
  ['address', { address: '10.0.0.2' }],
  ['protocol', { protocol: 'UDP' as const }],
  ['where it was sent', { askedAddress: '10.96.0.1', askedPort: 80 }],
])('a connection that differs by its %s is another', (_name, change) => {
  const memo = new Memo();
  memo.noteFlow(when, flow, asDropped('local-address'));
  expect(memo.foundFlow(when, { ...flow, ...change })).toBeUndefined();
});

test('a scan of ports leaves no more than sixteen notes', () => {
  const memo = new Memo();
  for (let port = 1; port <= 100; port++) memo.noteFlow(when, { ...flow, port }, asDropped('local-address'));
  const known = Array.from({ length: 100 }, (_zero, index) => memo.foundFlow(when, { ...flow, port: index + 1 })).filter(Boolean);
  expect(known).toHaveLength(16);
});
