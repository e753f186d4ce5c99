import { describe, expect, it } from 'vitest';
import { update } from '../testing/updates.ts';
import type { WriteOutcome, WriteRequest } from './batch-writer.ts';
import { WriteQueue } from './write-queue.ts';

const outcome: WriteOutcome = { repeat: false, repeatedParts: [], stored: 1, beforeReset: 0, resolved: 0, newWaiting: 0 };
const request = (port: number): WriteRequest => ({ batch: { parts: [{ updates: [update({ port: { port, protocol: 'TCP' } })] }] } });

function portOf(each: WriteRequest): number | undefined {
  return 'batch' in each ? each.batch.parts[0]?.updates[0]?.port?.port : undefined;
}

describe('WriteQueue', () => {
  it('stores what queued up in one transaction, up to the bound', async () => {
    const groups: number[] = [];
    const queue = new WriteQueue(
      {
        write: (requests) => {
          groups.push(requests.length);
          return Promise.resolve(requests.map(() => outcome));
        },
      },
      { maxQueuedUpdates: 100, maxTransactionUpdates: 6 },
    );
    await Promise.all([1, 2, 3, 4].map((port) => queue.push(request(port))));
    expect(groups).toEqual([3, 1]);
    expect(queue.queuedUpdates).toBe(0);
  });

  it('a request that fails takes no other along', async () => {
    const queue = new WriteQueue(
      {
        write: (requests) =>
          requests.some((each) => portOf(each) === 2) ? Promise.reject(new Error('bad')) : Promise.resolve(requests.map(() => outcome)),
      },
      { maxQueuedUpdates: 100, maxTransactionUpdates: 100 },
    );
    const results = await Promise.allSettled([1, 2, 3].map((port) => queue.push(request(port))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('does not try one by one while the database is away', async () => {
    let attempts = 0;
    const queue = new WriteQueue(
      {
        write: () => {
          attempts += 1;
          return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
        },
      },
      { maxQueuedUpdates: 100, maxTransactionUpdates: 100 },
    );
    await Promise.allSettled([1, 2, 3].map((port) => queue.push(request(port))));
    expect([attempts, queue.queuedUpdates]).toEqual([1, 0]);
  });

  it('close() waits for what was accepted', async () => {
    let written = 0;
    const queue = new WriteQueue(
      {
        write: async (requests) => {
          await Promise.resolve();
          written += requests.length;
          return requests.map(() => outcome);
        },
      },
      { maxQueuedUpdates: 100, maxTransactionUpdates: 2 },
    );
    const pushed = [1, 2, 3].map((port) => queue.push(request(port)));
    await queue.close();
    expect(written).toBe(3);
    await Promise.all(pushed);
  });
});
