import { expect, test } from 'vitest';
import { createPoolBound } from './pool-bound.ts';

test('memory is saved from the bound on, and no longer below it; looked at now and then', () => {
  const system = { memory: 0, now: 0, looks: 0 };
  const flags: string[] = [];
  const bound = createPoolBound(100, {
    memoryBytes: () => {
      system.looks += 1;
      return system.memory;
    },
    now: () => system.now,
    setFlag: (flag) => flags.push(flag),
  });
  const look = (now: number, memory: number): string | undefined => {
    const known = flags.length;
    Object.assign(system, { now, memory });
    bound.look();
    return flags.slice(known).join();
  };
  expect(look(0, 99), 'below').toBe('');
  expect(look(249, 100), 'too soon').toBe('');
  expect(look(250, 100), 'at the bound').toBe('--optimize-for-size');
  expect(look(500, 200), 'still').toBe('');
  expect(look(750, 99), 'below again').toBe('--no-optimize-for-size');
  expect(system.looks).toBe(4);
});
