import type { SocketCounters } from '../proc/socket-counters.ts';

/**
 * Why a table is worth reading: something is open that was not, and stays (`lasting`), or things merely come and go
 * (`passing`).
 */
export type ReadReason = 'lasting' | 'passing';

/**
 * When a table of sockets is worth reading. Reading one walks all sockets of the machine's hash table, 4 to 9 ms on a
 * node with 24 GiB even when the namespace has none, so it must not follow every connection that comes and goes. Either
 * reason is followed ever more seldom while it leads to nothing new.
 */
export class ReadSchedule {
  private readonly minGapMs: number;
  /** Between two reads if there is something new each time. */
  private leastMs: number;
  private readonly gapMs: Record<ReadReason, number>;
  /** The last reads found nothing new: what comes and goes here is the same again and again. */
  private isFruitless = false;
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
    this.gapMs = { lasting: minGapMs, passing: minGapMs };
  }

  get lastReadAt(): number {
    return this.readAt;
  }

  /** Nothing opened or closed since the last read. */
  isStill(counter: number): boolean {
    return counter === this.counter;
  }

  /**
   * To be asked at every look.
   * @param counter moves with everything that may change the table. @param open connections that are open, if known.
   * @param isSeen attempts are seen as packets: a table tells nothing sooner, only that what began is still open.
   */
  due(counter: number, open: number, now: number, isSeen: boolean): ReadReason | undefined {
    if (counter === this.counter) {
      this.wasMore = false;
      if (now - this.movedAt > FORGIVE_AFTER_MS) this.forgive();
      return undefined;
    }
    this.movedAt = now;
    const isMore = open > this.fewest;
    // One that stays is still there at the next look; most that come and go are not.
    const reason = isMore && (this.wasMore || !this.isFruitless) ? 'lasting' : 'passing';
    this.wasMore = isMore;
    this.fewest = Math.min(this.fewest, open);
    const sinceMs = now - this.readAt;
    const mostMs = Math.max(this.leastMs, isSeen ? MAX_SEEN_GAP_MS : MAX_GAP_MS);
    if (reason === 'lasting' && sinceMs >= Math.min(this.gapMs.lasting, mostMs)) return 'lasting';
    return sinceMs >= this.gapMs.passing ? 'passing' : undefined;
  }

  /**
   * The table was read, for so much CPU time.
   * @param reason as `due` said; undefined when it was read for another. @param found whether it had something new.
   */
  read(counter: number, open: number, now: number, costMs: number, reason: ReadReason | undefined, found: boolean): void {
    this.counter = counter;
    this.fewest = open;
    this.wasMore = false;
    this.readAt = now;
    this.leastMs = Math.max(this.minGapMs, costMs * COST_MULTIPLE);
    if (found || reason === undefined) {
      if (found) this.forgive();
      return;
    }
    this.isFruitless = true;
    this.gapMs[reason] = Math.max(
      this.leastMs,
      Math.min(reason === 'lasting' ? MAX_SEEN_GAP_MS : MAX_GAP_MS, this.gapMs[reason] * FRUITLESS_FACTOR),
    );
  }

  private forgive(): void {
    this.isFruitless = false;
    this.gapMs.lasting = this.leastMs;
    this.gapMs.passing = this.leastMs;
  }
}

/** A table is read again after this multiple of what reading it cost, so that a large one does not keep the others waiting. */
const COST_MULTIPLE = 40;
/** How much longer is waited after each read that found nothing new. */
const FRUITLESS_FACTOR = 4;
/** Shorter than a closed connection stays in the table (TCP_TIMEWAIT_LEN of the kernel, 60 s). */
const MAX_GAP_MS = 30_000;
/** Where attempts are seen as packets, nothing is lost by looking later at what stays. */
const MAX_SEEN_GAP_MS = 120_000;
/** A table at rest for so long is looked at promptly again. */
const FORGIVE_AFTER_MS = 60_000;

export function tcpCounter(counters: SocketCounters): number {
  // Rising counters and a gauge can stand still in sum by chance; different weights make that unlikely.
  return counters.opens * 5 + counters.open * 7;
}
