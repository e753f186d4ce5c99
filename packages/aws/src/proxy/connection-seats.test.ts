import { describe, expect, test } from 'vitest';
import { createSeats } from './connection-seats.ts';

function setup(maxConnections: number, maxPerClient: number) {
  let now = 0;
  const ended: string[] = [];
  const seats = createSeats({ clock: { now: () => now } }, { maxConnections, maxPerClient });
  const take = (client: string, name: string) => {
    now += 1;
    return seats.take(client, () => ended.push(name));
  };
  return { ended, take, pass: (ms: number) => void (now += ms) };
}

describe('places for connections', () => {
  test('a client gets no more than its own share', () => {
    const { take } = setup(10, 2);
    expect([take('a', '1'), take('a', '2'), take('a', '3')].map((seat) => seat !== undefined)).toEqual([true, true, false]);
  });

  test('a place that was left is free again, once', () => {
    const { take } = setup(1, 1);
    const seat = take('a', '1');
    seat?.leave();
    seat?.leave();
    expect(take('b', '2')).toBeDefined();
    expect(take('c', '3')).toBeUndefined();
  });

  test('when all are taken, the longest silent of the client with most makes room', () => {
    const { take, ended, pass } = setup(4, 4);
    const first = take('greedy', 'g1');
    for (const name of ['g2', 'g3']) take('greedy', name);
    take('modest', 'm1');
    pass(10);
    first?.touch();
    expect(take('new', 'n1')).toBeDefined();
    expect(ended).toEqual(['g2']);
  });

  test('clients that have nearly as many give way to nobody', () => {
    const { take, ended } = setup(2, 2);
    take('a', 'a1');
    take('b', 'b1');
    expect(take('a', 'a2')).toBeUndefined();
    expect(take('c', 'c1')).toBeUndefined();
    expect(ended).toEqual([]);
  });

  test('who left at the end of its place does not free another', () => {
    const { take, ended } = setup(3, 3);
    const seats = ['g1', 'g2', 'g3'].map((name) => take('greedy', name));
    take('new', 'n1');
    seats[0]?.leave();
    take('other', 'o1');
    expect(ended).toEqual(['g1', 'g2']);
  });
});
