import type { Peer } from '@nm/core';
import { expect, test } from 'vitest';
import { OutlineTable } from './outline-table.ts';
import type { OutlineRow } from './outline-table.ts';

const peers = Array.from({ length: 7 }, (_, index): Peer => ({ type: 'node', cluster: 'c', name: `node-${index}` }));
const peer = (index: number): Peer => peers[index % peers.length] ?? { type: 'apiServer', cluster: 'c' };

function row(id: number, rest: Partial<OutlineRow> = {}): OutlineRow {
  return { id, client_id: 1, server_id: 2, class: 'app', first_bucket: 10, last_bucket: 20, ...rest };
}

test.each([
  ['in their order', (index: number) => index + 1],
  ['backwards', (index: number) => 5_000 - index],
  ['beyond 32 bits, many with the same low bits', (index: number) => (index % 5) * 2 ** 40 + index],
])('finds what was put, %s, and grows', (_, idOf) => {
  const table = new OutlineTable();
  for (let index = 0; index < 5_000; index++) table.put(row(idOf(index), { last_bucket: index }), peer(index), peer(index + 1));
  expect(table.size).toBe(5_000);
  expect(table.rowOf(-1)).toBeUndefined();
  for (let index = 0; index < 5_000; index++) {
    const found = table.outline(table.rowOf(idOf(index)));
    expect([found?.id, found?.client, found?.server, found?.lastSeenAt]).toEqual([
      idOf(index),
      peer(index),
      peer(index + 1),
      index * 60_000,
    ]);
  }
});

test('an edge that is put again keeps its row, its ends and its evidence', () => {
  const table = new OutlineTable();
  table.put(row(5), peer(0), peer(1));
  table.put(row(6, { class: 'system' }), peer(1), peer(0));
  const known = table.rowOf(5) ?? Number.NaN;
  const outline = table.outline(known);
  table.addEvidence(known, 'tcp', 40);
  table.addEvidence(known, 'dns', 30);
  expect([table.class(known), table.class(known + 1)]).toEqual(['app', 'system']);
  table.put(row(5, { class: 'system', first_bucket: 9, last_bucket: 21 }), peer(0), peer(1));
  expect([table.size, table.rowOf(5), table.class(known)]).toEqual([2, known, 'system']);
  expect([outline?.evidence, outline?.shape, outline?.firstSeenAt, outline?.lastSeenAt]).toEqual([['dns', 'tcp'], 40, 540_000, 1_260_000]);
  expect([outline?.clientRef, outline?.serverRef]).toEqual([0, 1]);
});
