/** A capture ring that tells its size and how often it was emptied, as JSON lines, until it is killed. Gives memory back after a second. */
import { silentLogger } from '@nm/core';
import { createRingSource } from '../capture/ring-source.ts';

const EVERY_MS = 250;

const source = createRingSource({ log: silentLogger }, { dnsPorts: [53], keepLoopback: false, shrinkAfterMs: 1_000 });
source.start(() => undefined);
setInterval(() => {
  const { ringBytes, drains, frames } = source.stats();
  process.stdout.write(`${JSON.stringify({ at: performance.now(), ringBytes, drains, frames })}\n`);
}, EVERY_MS);
