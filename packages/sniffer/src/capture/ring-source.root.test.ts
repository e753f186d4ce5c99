import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createSandbox, script } from '../testing/sandbox.ts';
import type { Sandbox } from '../testing/sandbox.ts';
import { IDLE_RING_BYTES, LOADED_RING_BYTES } from './ring-source.ts';

interface Look {
  readonly at: number;
  readonly ringBytes: number;
  readonly drains: number;
  readonly frames: number;
}

const PATIENCE = { timeout: 30_000, interval: 50 } as const;
/** Datagrams that look like DNS, as fast as one process can. */
const FLOOD = `const s = require('dgram').createSocket('udp4'); const m = Buffer.alloc(1400);
let n = 0; const next = () => { if (++n === 1000) console.log('ready'); s.send(m, 53, '10.77.0.1', next); };
for (let i = 0; i < 32; i++) next();`;

let sandbox: Sandbox;
const looks: Look[] = [];

beforeAll(async () => {
  sandbox = createSandbox();
  const watch = await sandbox.start([process.execPath, script('ring-watch.ts')]);
  let pending = '';
  watch.stdout?.on('data', (piece: Buffer) => {
    const parts = (pending + piece.toString()).split('\n');
    pending = parts.pop() ?? '';
    for (const part of parts) looks.push(JSON.parse(part) as Look);
  });
});

afterAll(() => sandbox.close());

/** How often the ring was emptied per second, between the last two looks. */
function drainsPerSecond(): number {
  const [before, last] = looks.slice(-2);
  return before === undefined || last === undefined ? 0 : ((last.drains - before.drains) * 1_000) / (last.at - before.at);
}

test('ring and timer grow with a burst and shrink after it', async () => {
  const pod = sandbox.pod('f');
  await vi.waitFor(() => expect(looks.length).toBeGreaterThan(2), PATIENCE);
  expect(looks.at(-1)?.ringBytes).toBe(IDLE_RING_BYTES);
  // Signals wake it, 16 times a second at most.
  const RESTING = 20;
  // The largest ring is emptied every 102 ms at least.
  const LOADED = 9;
  expect(drainsPerSecond()).toBeLessThan(RESTING);

  const flood = await pod.start(process.execPath, '-e', FLOOD);
  await vi.waitFor(() => expect(looks.at(-1)?.ringBytes).toBe(LOADED_RING_BYTES), PATIENCE);
  const sizes = looks.map(({ ringBytes }) => ringBytes);
  expect(sizes).toEqual(sizes.toSorted((one, other) => one - other));
  await vi.waitFor(() => expect(drainsPerSecond()).toBeGreaterThan(LOADED), PATIENCE);

  flood.kill('SIGKILL');
  await vi.waitFor(() => expect(looks.at(-1)?.ringBytes).toBe(IDLE_RING_BYTES), PATIENCE);
  await vi.waitFor(() => expect(drainsPerSecond()).toBeLessThan(RESTING), PATIENCE);
});
