import { expect, test } from 'vitest';
import { ATTRIBUTION_SLACK_MS, AttributionHistory, KEEP_OWNERS_MS, MAX_OWNED_ADDRESSES } from './attribution.ts';

const ADDRESS = '10.1.0.5';

/** Pod A has the address from 10 s to 20 s, pod B from 21 s to 30 s, then a namespace of no pod. */
function history(): AttributionHistory {
  const made = new AttributionHistory();
  for (let at = 10_000; at <= 20_000; at += 1_000) made.seen(ADDRESS, 'pod-a', at);
  for (let at = 21_000; at <= 30_000; at += 1_000) made.seen(ADDRESS, 'pod-b', at);
  made.seen(ADDRESS, undefined, 40_000);
  return made;
}

test.each([
  ['within the first', 15_000, 'pod-a'],
  ['within the second', 25_000, 'pod-b'],
  ['at the last look at the first', 20_000, 'pod-a'],
  ['at the first look at the second', 21_000, 'pod-b'],
  ['a little before anybody looked', 10_000 - ATTRIBUTION_SLACK_MS, 'pod-a'],
  ['long before', 10_000 - ATTRIBUTION_SLACK_MS - 1, undefined],
  ['a little after the last look', 30_000 + ATTRIBUTION_SLACK_MS, 'pod-b'],
  ['in between, when nobody looked', 35_000, undefined],
  ['when it is of no pod', 40_000, undefined],
])('whose an address is that went from pod to pod: %s', (_name, at, expected) => expect(history().podOf(ADDRESS, at)).toBe(expected));

test('who was seen for the last time long ago is forgotten', () => {
  const made = history();
  made.forgetBefore(20_500);
  expect([made.podOf(ADDRESS, 15_000), made.podOf(ADDRESS, 25_000)]).toEqual([undefined, 'pod-b']);
  made.forgetBefore(40_000 + KEEP_OWNERS_MS);
  expect(made.has(ADDRESS)).toBe(false);
});

test('addresses are bounded: the one that was added first goes, and is counted', () => {
  const made = new AttributionHistory();
  for (let i = 0; i <= MAX_OWNED_ADDRESSES; i++) made.seen(`10.1.${i >> 8}.${i & 255}`, 'pod-a', 1);
  expect([made.has('10.1.0.0'), made.has('10.1.0.1'), made.evictions]).toEqual([false, true, 1]);
});

test('all addresses of a pod, also when it is gone, and before it was looked at', () => {
  const made = new AttributionHistory();
  for (const address of ['10.1.0.6', 'fd00::6']) made.seen(address, 'pod-c', 50_000);
  made.seen('10.1.0.7', 'pod-d', 50_000);
  for (const at of [40_000, 50_000, 60_000]) expect(made.addressesWith('fd00::6', at)).toEqual(['10.1.0.6', 'fd00::6']);
  expect([made.addressesWith('10.1.0.7', 50_000), made.addressesWith('10.1.0.8', 50_000)]).toEqual([['10.1.0.7'], []]);
});

test('the addresses of an earlier pod are not those of the next one', () => {
  const made = history();
  made.seen('fd00::a', 'pod-a', 10_000);
  made.seen('fd00::b', 'pod-b', 25_000);
  expect(made.addressesWith(ADDRESS, 15_000)).toEqual([ADDRESS, 'fd00::a']);
  expect(made.addressesWith(ADDRESS, 25_000)).toEqual([ADDRESS, 'fd00::b']);
  made.seen('10.1.0.9', 'pod-b', 26_000);
  expect(made.addressesWith('fd00::b', 25_000)).toEqual([ADDRESS, 'fd00::b', '10.1.0.9']);
  expect(made.addressesWith(ADDRESS, 35_000)).toEqual([]);
});
