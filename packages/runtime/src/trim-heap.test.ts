import { expect, test } from 'vitest';
import { createMemoryKeeper } from './trim-heap.ts';

test('memory is given back once it grew by more than allowed since the last time', () => {
  const memory = { rss: 100, trims: 0, left: 60 };
  const keeper = createMemoryKeeper(50, {
    rssBytes: () => memory.rss,
    trim: () => {
      memory.trims += 1;
      memory.rss = memory.left;
    },
  });
  const look = (rss: number): number => {
    memory.rss = rss;
    keeper.look();
    return memory.trims;
  };
  expect(look(100), 'what the start left').toBe(1);
  expect(look(109), 'grew by 49').toBe(1);
  expect(look(110), 'grew by 50').toBe(2);
  expect(look(40), 'went down by itself').toBe(2);
  expect(look(95), 'counts from the lowest').toBe(3);
});
