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

test('memory that is enough is left alone, and much memory may grow by a share of it', () => {
  const memory = { rss: 0, trims: 0, left: 900 };
  const deps = {
    rssBytes: () => memory.rss,
    trim: () => {
      memory.trims += 1;
      memory.rss = memory.left;
    },
  };
  const keeper = createMemoryKeeper(50, deps, { enoughBytes: 200, growthShare: 0.25 });
  const look = (rss: number): number => {
    memory.rss = rss;
    keeper.look();
    return memory.trims;
  };
  expect(look(199), 'enough').toBe(0);
  expect(look(1000), 'more than enough').toBe(1);
  expect(look(1124), 'grew by less than a quarter').toBe(1);
  expect(look(1125), 'grew by a quarter').toBe(2);
});
