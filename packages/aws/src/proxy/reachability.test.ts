import { expect, test } from 'vitest';
import { createReachability } from './reachability.ts';

test('several hosts in a row that cannot be reached close the way for a while', () => {
  let now = 0;
  const reachability = createReachability({ now: () => now });
  for (const host of ['a', 'a', 'a', 'b']) reachability.failed(host);
  expect(reachability.isReaching()).toBe(true);
  reachability.failed('c');
  expect(reachability.isReaching()).toBe(false);
  now = 30_000;
  expect(reachability.isReaching()).toBe(true);
});

test('one that is reached opens it again', () => {
  const reachability = createReachability({ now: () => 0 });
  for (const host of ['a', 'b']) reachability.failed(host);
  reachability.reached();
  reachability.failed('c');
  expect(reachability.isReaching()).toBe(true);
  for (const host of ['d', 'e']) reachability.failed(host);
  reachability.reached();
  expect(reachability.isReaching()).toBe(true);
});
