import type { PacketView } from '@nm/core';
import { expect, test } from 'vitest';
import { NewEdgeWatch } from './new-edge-watch.ts';

const CLIENT = 10;
const SERVER = 20;

/** A packet of one byte for each address, and a name to look up. */
function packet(client: number, server: number, port: number, name = '', at = 1): PacketView {
  const bytes = new Uint8Array(64);
  bytes.set([192, 0, 2, client, 192, 0, 2, server]);
  bytes.set(Buffer.from(name), 20);
  const view: Partial<PacketView> = { at, bytes, family: 4, sourceOffset: 0, destinationOffset: 4, destinationPort: port };
  return { ...view, payloadOffset: 8, payloadLength: 56 } as PacketView;
}

function createQuiet(): NewEdgeWatch {
  const watch = new NewEdgeWatch();
  watch.attempt(packet(CLIENT, SERVER, 443));
  watch.lookup(packet(SERVER, CLIENT, 40_000, 'a.example'));
  watch.reported(2);
  return watch;
}

test('what was there before the start is new', () => {
  expect(new NewEdgeWatch().hasNew).toBe(true);
  expect(createQuiet().hasNew).toBe(false);
});

test.each<[string, boolean, (watch: NewEdgeWatch) => void]>([
  ['the same attempt', false, (watch) => watch.attempt(packet(CLIENT, SERVER, 443, '', 3))],
  ['the same lookup, from another port and in another case', false, (watch) => watch.lookup(packet(SERVER, CLIENT, 5, 'A.exAmple', 3))],
  ['an attempt to another port', true, (watch) => watch.attempt(packet(CLIENT, SERVER, 80, '', 3))],
  ['an attempt of another client', true, (watch) => watch.attempt(packet(11, SERVER, 443, '', 3))],
  ['an attempt to another server', true, (watch) => watch.attempt(packet(CLIENT, 21, 443, '', 3))],
  ['a lookup of another name', true, (watch) => watch.lookup(packet(SERVER, CLIENT, 5, 'b.example', 3))],
  ['a lookup of another client', true, (watch) => watch.lookup(packet(SERVER, 11, 5, 'a.example', 3))],
])('%s', (_name, isNew, see) => {
  const watch = createQuiet();
  see(watch);
  expect(watch.hasNew).toBe(isNew);
});

test('all that is new in one interval is known in the next', () => {
  const watch = createQuiet();
  for (const round of [3, 4]) {
    for (let port = 1; port <= 100; port++) watch.attempt(packet(CLIENT, SERVER, port, '', round));
    expect(watch.hasNew).toBe(round === 3);
    watch.reported(round);
  }
});

test('what was captured after the report is yet to be reported', () => {
  const watch = createQuiet();
  watch.attempt(packet(CLIENT, SERVER, 80, '', 3));
  watch.reported(2.5);
  expect(watch.hasNew).toBe(true);
  watch.reported(3);
  expect(watch.hasNew).toBe(false);
});

test('what was not seen for a minute is new again', () => {
  const watch = createQuiet();
  watch.attempt(packet(CLIENT, SERVER, 80, '', 60_100));
  watch.reported(60_100);
  watch.attempt(packet(CLIENT, SERVER, 443, '', 60_200));
  expect(watch.hasNew).toBe(true);
});

test('what is seen again and again stays known, however long', () => {
  const watch = createQuiet();
  for (let at = 30_000; at <= 300_000; at += 30_000) {
    watch.attempt(packet(CLIENT, SERVER, 443, '', at));
    expect(watch.hasNew).toBe(false);
    watch.reported(at);
  }
});

test('of a busy node so much is looked at in a second; the rest is no news', () => {
  const watch = createQuiet();
  watch.renew();
  for (let count = 0; count < 512; count++) watch.attempt(packet(CLIENT, SERVER, 443, '', 3));
  watch.attempt(packet(CLIENT, SERVER, 80, '', 3));
  expect(watch.hasNew).toBe(false);
  watch.renew();
  watch.attempt(packet(CLIENT, SERVER, 80, '', 4));
  expect(watch.hasNew).toBe(true);
});
