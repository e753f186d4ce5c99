import type { SocketCounters } from '../proc/socket-counters.ts';

/**
 * When a table of sockets is worth reading. Reading one walks all sockets of the machine's hash table, 4 to 9 ms on a
 * node with 24 GiB even when the namespace has none, so it must not follow every connection that comes and goes.
 */
export class ReadSchedule {
  private readonly minGapMs: number;
  /** Between two reads if there is something new each time, and as it is. */
  private leastMs: number;
  private gapMs: number;
  private fruitless = false;
  private readAt = Number.NEGATIVE_INFINITY;
  private movedAt = Number.NEGATIVE_INFINITY;
  /** Counters of the last read, and the fewest open connections since. */
  private counter = -1;
  private fewest = 0;
  private wasMore = false;

  /** @param minGapMs between two reads. */
  constructor(minGapMs: number) {
    this.minGapMs = minGapMs;
    this.leastMs = minGapMs;
    this.gapMs = minGapMs;
  }

  get lastReadAt(): number {
    return this.readAt;
  }

  /** The last reads found nothing new: what comes and goes here is the same again and again. */
  get isFruitless(): boolean {
    return this.fruitless;
  }

  /** Nothing opened or closed since the last read. */
  isStill(counter: number): boolean {
    return counter === this.counter;
  }

  /**
   * To be asked at every look.
   * @param counter moves with everything that may change the table. @param open connections that are open, if known.
   */
  isDue(counter: number, open: number, now: number): boolean {
    if (counter === this.counter) {
      this.wasMore = false;
      if (now - this.movedAt > FORGIVE_AFTER_MS && this.fruitless) {
        this.gapMs = this.leastMs;
        this.fruitless = false;
      }
      return false;
    }
    this.movedAt = now;
    const isMore = open > this.fewest;
    // One that stays is still there at the next look; most that come and go are not.
    const isLasting = isMore && (this.wasMore || !this.isFruitless);
    this.wasMore = isMore;
    this.fewest = Math.min(this.fewest, open);
    return now - this.readAt >= (isLasting ? this.leastMs : this.gapMs);
  }

  /** The table was read, for so much CPU time. `found`: whether it had something new; undefined where none was expected. */
  read(counter: number, open: number, now: number, costMs: number, found: boolean | undefined): void {
    this.counter = counter;
    this.fewest = open;
    this.wasMore = false;
    const isFirst = this.readAt === Number.NEGATIVE_INFINITY;
    this.readAt = now;
    this.leastMs = Math.max(this.minGapMs, costMs * COST_MULTIPLE);
    if (found === undefined && !isFirst) return;
    this.fruitless = found === false && !isFirst;
    this.gapMs = this.fruitless ? Math.max(this.leastMs, Math.min(MAX_GAP_MS, this.gapMs * 2)) : this.leastMs;
  }
}

/** A table is read again after this multiple of what reading it cost, so that a large one does not keep the others waiting. */
const COST_MULTIPLE = 40;
/** Shorter than a closed connection stays in the table (TCP_TIMEWAIT_LEN of the kernel, 60 s). */
const MAX_GAP_MS = 30_000;
/** A table at rest for so long is looked at promptly again. */
const FORGIVE_AFTER_MS = 60_000;

export function tcpCounter(counters: SocketCounters): number {
  // Rising counters and a gauge can stand still in sum by chance; different weights make that unlikely.
  return counters.opens * 5 + counters.open * 7;
}
