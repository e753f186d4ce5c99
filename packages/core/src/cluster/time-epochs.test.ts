import { expect, test } from 'vitest';
import { MAX_BOUNDARIES, TimeEpochs } from './time-epochs.ts';

function epochsOf(...boundaries: readonly number[]): TimeEpochs {
  const epochs = new TimeEpochs();
  for (const at of boundaries) epochs.add(at);
  return epochs;
}

test.each([
  ['before the first', 5, Number.NEGATIVE_INFINITY],
  ['at a boundary', 10, 10],
  ['between two', 15, 10],
  ['after the last', 99, 30],
])('%s', (_name, at, epoch) => expect(epochsOf(30, 10, 20, 10).epochOf(at)).toBe(epoch));

test('boundaries that come later are sorted in, whatever their order', () => {
  const epochs = epochsOf(10, 20, 30);
  expect(epochs.epochOf(25)).toBe(20);
  for (const at of [24, 22, 30, 5, 40, 22]) epochs.add(at);
  expect([4, 7, 21, 23, 25, 35, 50].map((at) => epochs.epochOf(at))).toEqual([Number.NEGATIVE_INFINITY, 5, 20, 22, 24, 30, 40]);
});

test('where boundaries were forgotten no two times are taken for one stretch', () => {
  const epochs = epochsOf(10, 20, 30, 40);
  epochs.prune(25);
  expect([15, 19, 25, 35].map((at) => epochs.epochOf(at))).toEqual([Number.NaN, Number.NaN, Number.NEGATIVE_INFINITY, 30]);
});

test('is bounded: the earliest go', () => {
  const epochs = epochsOf(...Array.from({ length: 1_000 }, (_, index) => index));
  for (let at = 1_000; at <= MAX_BOUNDARIES; at++) epochs.add(at);
  expect(epochs.epochOf(MAX_BOUNDARIES - 0.5)).toBe(MAX_BOUNDARIES - 1);
  expect(epochs.epochOf(10)).toBeNaN();
  expect(epochs.epochOf(MAX_BOUNDARIES / 2 + 0.5)).toBe(MAX_BOUNDARIES / 2);
});
