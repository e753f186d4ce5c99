import { expect, test } from 'vitest';
import { NodeIndex } from './node-index.ts';

/** The i-th address of 10.0.0.0/8. */
function address(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

test('a sniffer that tells other addresses each time ends up with a bounded number of them', () => {
  const nodes = new NodeIndex();
  nodes.applyReported('node-1', ['192.0.2.1']);
  nodes.apply({ uid: 'n', name: 'node-1', addresses: ['192.0.2.1'], podCIDRs: [], createdAt: 0 }, false);
  for (let round = 0; round < 20; round++) {
    nodes.applyReported(
      'node-1',
      Array.from({ length: 4_096 }, (_, i) => address(round * 4_096 + i)),
    );
  }
  expect([...nodes.addresses()].length).toBe(8_193);
  expect([nodes.nodeOf('192.0.2.1'), nodes.nodeOf(address(0)), nodes.nodeOf(address(20 * 4_096 - 1))]).toEqual([
    'node-1',
    undefined,
    'node-1',
  ]);
});

test('what a sniffer says takes no address from another node', () => {
  const nodes = new NodeIndex();
  nodes.applyHostAddresses('node-2', ['192.0.2.2']);
  nodes.applyReported('node-1', ['192.0.2.2', '172.17.0.1']);
  expect([nodes.nodeOf('192.0.2.2'), nodes.nodeOf('172.17.0.1')]).toEqual(['node-2', 'node-1']);
});
