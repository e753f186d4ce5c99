import type { Logger } from '@nm/core';
import type { CaptureSource, CaptureStats, FrameHandler } from './capture-source.ts';
import { createFilter, MAX_DNS_PORTS } from './filter.ts';
import { dropLeftTag } from './left-tag.ts';
import { PacketRing } from './packet-ring.ts';

export interface RingSourceOptions {
  readonly dnsPorts: readonly number[];
  readonly keepLoopback: boolean;
  /** Ring while the node is quiet, and under load. Both are memory of this process. */
  readonly idleRingBytes?: number;
  readonly loadedRingBytes?: number;
  /** After so long without load the large ring is given back; a minute if absent. */
  readonly shrinkAfterMs?: number;
}

export interface RingSourceDeps {
  readonly log: Logger;
}

/** Ring at rest: takes 20 ms of 800,000 frames/s (240 bytes each in the ring), so that a sudden load loses nothing. */
export const IDLE_RING_BYTES = 4 * 1024 * 1024;
/**
 * Ring under load: 160 ms of 800,000 frames/s, longer than any pause of the process that we measured. Half of it would
 * do for that, but wakes us twice as often: an eighth more CPU time at 200,000 frames/s, for cold caches.
 */
export const LOADED_RING_BYTES = 32 * 1024 * 1024;
/** The kernel wants whole pages: 4 KiB on x64, 4, 16 or 64 KiB on arm64. */
export const BLOCK_BYTES = 128 * 1024;
/** Also how often a node with little traffic wakes us at most: 16 times a second. Sockets of short connections are asked for that late. */
const BLOCK_TIMEOUT_MS = 60;
/** How late the kernel's timer may be. */
const LATE_MS = 20;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));
/** At rest the kernel tells by a signal that there is something; this is for what no signal announces, and nobody else drains. */
const IDLE_INTERVAL_MS = 5_000;
/** Signals that follow each other so closely are the beginning of a load: polling wakes us less often then. */
const LOAD_GAP_MS = 20;
const MIN_INTERVAL_MS = 2;
/**
 * Longest interval of polls for each block of the ring: 60 % of the time in which 800,000 frames/s fill it, so that a load
 * that grows to that at once loses nothing. Long intervals cost less, because each begins with cold caches.
 */
const INTERVAL_PER_BLOCK_MS = 0.4;
/** Fewer blocks a second than this are no load: signals wake us less often than polling. From the other on, 70,000 frames/s, a large ring pays. */
const LOAD_BLOCKS_PER_SECOND = 40;
const HEAVY_BLOCKS_PER_SECOND = 128;
/** How often the load is measured and the kernel asked for losses. */
const LOOK_EVERY_MS = 1_000;
/** A quiet minute gives the large ring back. */
const SHRINK_AFTER_MS = 60_000;

/** Frames of all interfaces through a ring whose size and polling follow the load. */
export function createRingSource(deps: RingSourceDeps, options: RingSourceOptions): CaptureSource {
  const idleBlocks = Math.max(8, Math.round((options.idleRingBytes ?? IDLE_RING_BYTES) / BLOCK_BYTES));
  const loadedBlocks = Math.max(idleBlocks, Math.round((options.loadedRingBytes ?? LOADED_RING_BYTES) / BLOCK_BYTES));
  const shrinkAfterMs = options.shrinkAfterMs ?? SHRINK_AFTER_MS;
  let dnsPorts = options.dnsPorts.slice(0, MAX_DNS_PORTS);
  let ring: PacketRing | undefined;
  let blocks = idleBlocks;
  let handler: FrameHandler = () => undefined;
  let afterDrain: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerMs = 0;
  let intervalMs = MIN_INTERVAL_MS;
  let lastBusyAt = 0;
  let frames = 0;
  let dropped = 0;
  let overruns = 0;
  let drains = 0;
  let isSignalled = false;
  let signalledAt = 0;
  let lookedAt = 0;
  /** Since then. */
  let recentBlocks = 0;
  const count: FrameHandler = (frame) => {
    frames += 1;
    dropLeftTag(frame);
    handler(frame);
  };

  const filter = (): ReturnType<typeof createFilter> => createFilter({ dnsPorts, keepLoopback: options.keepLoopback });
  const open = (count: number): PacketRing =>
    new PacketRing({ blockBytes: BLOCK_BYTES, blocks: count, blockTimeoutMs: BLOCK_TIMEOUT_MS }, filter());

  /**
   * Hands out all that the ring took before another one did: the block that it was filling comes when it is full, at
   * once under load, or when its time is over.
   */
  const finish = (current: PacketRing): void => {
    current.drain(count, blocks);
    const until = performance.now() + BLOCK_TIMEOUT_MS + LATE_MS;
    while (current.drain(count, blocks) === 0 && performance.now() < until) Atomics.wait(SLEEPER, 0, 0, 1);
  };

  /** The new ring captures before the old one stops: copies that both have are recognised later (rules 1 and 3). */
  const resize = (to: number): void => {
    if (ring === undefined || to === blocks) return;
    try {
      ring.drain(count, blocks);
      const next = open(to);
      finish(ring);
      readStatistics(ring);
      ring.close();
      ring = next;
      blocks = to;
      if (isSignalled) ring.setSignal(true);
    } catch (error) {
      // Not enough memory for a larger ring: go on with the one we have; losses are counted.
      deps.log.warn('capture ring not resized', { bytes: to * BLOCK_BYTES, error: String(error) });
      lastBusyAt = Date.now();
    }
  };

  const readStatistics = (from: PacketRing): number => {
    const read = from.readStatistics();
    dropped += read.dropped;
    overruns += read.freezes;
    return read.dropped;
  };

  const drain = (): number => {
    if (ring === undefined) return 0;
    const before = frames;
    const done = ring.drain(count, blocks);
    drains += 1;
    adapt(ring, done);
    return frames - before;
  };

  const adapt = (current: PacketRing, done: number): void => {
    const now = Date.now();
    const fill = done / blocks;
    const sinceLookMs = now - lookedAt;
    recentBlocks += done;
    let lost = 0;
    if (fill > 0.5 || sinceLookMs >= LOOK_EVERY_MS) lost = readStatistics(current);
    let isHeavy = false;
    if (sinceLookMs >= LOOK_EVERY_MS) {
      const blocksPerSecond = (recentBlocks * 1_000) / sinceLookMs;
      if (blocksPerSecond < LOAD_BLOCKS_PER_SECOND) setSignalled(true);
      isHeavy = blocksPerSecond > HEAVY_BLOCKS_PER_SECOND;
      lookedAt = now;
      recentBlocks = 0;
    }
    // Halved at once, lengthened slowly: a load that just began keeps growing.
    if (fill > 0.25) intervalMs = Math.max(MIN_INTERVAL_MS, intervalMs / 2);
    else if (fill < 0.1) intervalMs = Math.min(blocks * INTERVAL_PER_BLOCK_MS, intervalMs * 1.25);
    if (fill > 0.1) lastBusyAt = now;
    if (fill > 0.25 || lost > 0 || isHeavy) {
      lastBusyAt = now;
      // In steps: the kernel takes its time for a large ring, and meanwhile the small one fills.
      resize(Math.min(loadedBlocks, blocks * 2));
    } else if (blocks > idleBlocks && now - lastBusyAt > shrinkAfterMs) resize(idleBlocks);
  };

  const setSignalled = (isOn: boolean): void => {
    if (isOn === isSignalled) return;
    isSignalled = isOn;
    ring?.setSignal(isOn);
  };

  /** A block is full, or its time is over: nothing is lost however suddenly a load begins. */
  const onSignal = (): void => {
    if (!isSignalled) return;
    const now = Date.now();
    if (now - signalledAt < LOAD_GAP_MS) {
      setSignalled(false);
      intervalMs = MIN_INTERVAL_MS;
    }
    signalledAt = now;
    takeFrames();
    // The timer goes on as it is: one that is put off wakes the process all the same, at the time that it was set to first.
    if (!isSignalled) wakeAfter(intervalMs);
  };

  const tick = (): void => {
    takeFrames();
    wakeAfter(isSignalled ? IDLE_INTERVAL_MS : intervalMs);
  };

  const takeFrames = (): void => {
    if (drain() > 0) afterDrain();
  };

  /** The same timer as long as the time is the same: a new one costs as much as the frames of a quiet node. */
  const wakeAfter = (ms: number): void => {
    if (timer !== undefined && ms === timerMs) {
      timer.refresh();
      return;
    }
    clearTimeout(timer);
    timerMs = ms;
    timer = setTimeout(tick, ms);
  };

  return {
    start(onFrame, onDrained = () => undefined) {
      handler = onFrame;
      afterDrain = onDrained;
      ring = open(idleBlocks);
      blocks = idleBlocks;
      lookedAt = Date.now();
      process.on('SIGIO', onSignal);
      setSignalled(true);
      tick();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      if (ring === undefined) return;
      ring.drain(count, blocks);
      readStatistics(ring);
      ring.close();
      ring = undefined;
      process.off('SIGIO', onSignal);
    },
    setDnsPorts(ports) {
      const next = [...new Set(ports)].slice(0, MAX_DNS_PORTS);
      if (next.length === dnsPorts.length && next.every((port, index) => port === dnsPorts[index])) return;
      dnsPorts = next;
      ring?.setFilter(filter());
    },
    drain,
    stats(): CaptureStats {
      if (ring !== undefined) readStatistics(ring);
      return { frames, dropped, overruns, drains, ringBytes: blocks * BLOCK_BYTES };
    },
  };
}
