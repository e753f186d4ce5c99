import { expect, test } from 'vitest';
import { NewSourceWatch } from './new-source-watch.ts';

const V4 = [10, 244, 1, 5];
const V6 = [0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];

/** Whether the watch notices a client with this address. */
function notices(watch: NewSourceWatch, address: readonly number[], at = 0): boolean {
  watch.hasNew = false;
  watch.source({ bytes: Uint8Array.from([0, 0, ...address]), family: address.length === 4 ? 4 : 6, at }, 2);
  return watch.hasNew;
}

test.each([
  ['IPv4', V4, [10, 244, 1, 6]],
  ['IPv6', V6, [...V6.slice(0, 4), 1, ...V6.slice(5)]],
])('a client is new once a minute: %s', (_name, client, other) => {
  const watch = new NewSourceWatch();
  expect([notices(watch, client), notices(watch, client), notices(watch, other), notices(watch, client, 59_000)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  // What is new then makes room for all others to be new again.
  expect([notices(watch, [10, 244, 9, 9], 61_000), notices(watch, client, 61_000)]).toEqual([true, true]);
});

test('however many clients there are, it forgets and goes on', () => {
  const watch = new NewSourceWatch();
  for (let index = 0; index < 10_000; index++) notices(watch, [10, 1, index >> 8, index & 255]);
  expect([notices(watch, V4), notices(watch, V4)]).toEqual([true, false]);
});

test('an interface is new once', () => {
  const watch = new NewSourceWatch();
  const noticed = [3, 3, 4, 3].map((index) => {
    watch.hasNew = false;
    watch.interface(index);
    return watch.hasNew;
  });
  expect(noticed).toEqual([true, false, true, false]);
});
