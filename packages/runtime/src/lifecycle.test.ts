import { silentLogger } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { createLifecycle } from './lifecycle.ts';
import type { Startable } from './startable.ts';

function recorder(): { calls: string[]; part: (name: string, behaviour?: Partial<Startable>) => Startable } {
  const calls: string[] = [];
  const part = (name: string, behaviour: Partial<Startable> = {}): Startable => ({
    start: async (signal) => {
      calls.push(`start ${name}`);
      await behaviour.start?.(signal);
    },
    stop: async () => {
      calls.push(`stop ${name}`);
      await behaviour.stop?.();
    },
  });
  return { calls, part };
}

describe('a life cycle', () => {
  test('starts in order and stops in reverse', async () => {
    const { calls, part } = recorder();
    const cycle = createLifecycle({ log: silentLogger }, { stopTimeoutMs: 1_000 });
    cycle.add('a', part('a'));
    cycle.add('b', part('b'));
    await cycle.start();
    await cycle.stop();
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('stops what had started when a start fails, and tells the reason of the start', async () => {
    const { calls, part } = recorder();
    const cycle = createLifecycle({ log: silentLogger }, { stopTimeoutMs: 1_000 });
    cycle.add('a', part('a', { stop: () => Promise.reject(new Error('stop failed')) }));
    cycle.add('b', part('b', { start: () => Promise.reject(new Error('port in use')) }));
    await expect(cycle.start()).rejects.toThrow('port in use');
    expect(calls).toEqual(['start a', 'start b', 'stop a']);
  });

  test('a part that hangs or fails does not keep the others from stopping', async () => {
    const { calls, part } = recorder();
    const cycle = createLifecycle({ log: silentLogger }, { stopTimeoutMs: 20 });
    cycle.add('a', part('a'));
    cycle.add('b', part('b', { stop: () => new Promise(() => undefined) }));
    await cycle.start();
    await expect(cycle.stop()).rejects.toMatchObject({ code: 'stop_timeout', message: 'b did not stop in time' });
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('does not start when already aborted', async () => {
    const { calls, part } = recorder();
    const cycle = createLifecycle({ log: silentLogger }, { stopTimeoutMs: 1_000 });
    cycle.add('a', part('a'));
    await expect(cycle.start(AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');
    expect(calls).toEqual([]);
  });
});
