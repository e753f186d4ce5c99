import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ProcessTable } from './process-table.ts';

test('a process that begins is seen by the next look, and one that ended not for long', async () => {
  const table = new ProcessTable('/proc', readlinkSync('/proc/self/ns/net'));
  const has = (pid: number | undefined): boolean => [...table.all()].some((one) => one.pid === pid);
  table.refresh(0);
  // Nobody is young any more, and the list was just read.
  table.refresh(10_000);
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    expect(table.refresh(10_001)).toBe(true);
    expect(has(child.pid)).toBe(true);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
  table.refresh(20_001);
  expect(has(child.pid)).toBe(false);
});
