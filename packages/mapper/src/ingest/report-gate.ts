/**
 * Lets as many reports in as can be stored within a stated time, and says "not now" to the others before anything of
 * them is unpacked. What one may wait is bounded in time and not in number, because a batch costs from one millisecond to
 * hundreds: so the bound holds on a slow machine too. Reports beyond it would only fill memory and make all wait.
 */
export interface ReportGate {
  /** False: come back later. Whoever was let in must leave. */
  enter(bytes: number): boolean;
  leave(bytes: number): void;
  /**
   * For one that was not let in, seconds: each is given the time after those told before it, so that many who are told
   * at once do not come back at once, again and again.
   */
  comeBackAfter(bytes: number): number;
  /** Reports in work. */
  readonly inWork: number;
}

export interface ReportGateOptions {
  /** How long what is in work may take together. */
  readonly maxWorkMs: number;
}

/** Cost of a byte (as sent) before anything was measured, ms: 1,000 observations are some 20 KB and take some 20 ms. */
const FIRST_MS_PER_BYTE = 0.001;
/** Nobody is sent away for longer, s: what others were told may never come to pass. */
const MAX_AWAY_S = 10;
/** Weight of what was measured before, when a report ends: the cost follows the last ten or so. */
const MEMORY = 0.9;

/** @param deps.now a clock that only goes forward, ms */
export function createReportGate(deps: { readonly now: () => number }, options: ReportGateOptions): ReportGate {
  let inWork = 0;
  let bytesInWork = 0;
  let busySince = 0;
  /** Until then there is work for those who were told to come back. */
  let promisedUntil = 0;
  /** Decaying sums over reports that ended: time that was worked, bytes that this was for. */
  let workedMs = 0;
  let workedBytes = 0;

  function workOf(bytes: number): number {
    return bytes * (workedBytes > 0 ? workedMs / workedBytes : FIRST_MS_PER_BYTE);
  }

  return {
    get inWork() {
      return inWork;
    },
    enter(bytes) {
      // One is always let in: however long it takes, waiting would not make it shorter.
      if (inWork > 0 && workOf(bytesInWork + bytes) > options.maxWorkMs) return false;
      if (inWork === 0) busySince = deps.now();
      inWork += 1;
      bytesInWork += bytes;
      return true;
    },
    comeBackAfter(bytes) {
      const now = deps.now();
      promisedUntil = Math.min(Math.max(promisedUntil, now) + workOf(bytes), now + MAX_AWAY_S * 1_000);
      return Math.max(1, Math.ceil((promisedUntil - now) / 1_000));
    },
    leave(bytes) {
      const now = deps.now();
      // Reports are worked on together: the time since the last one ended was spent on this one and on those still here.
      workedMs = workedMs * MEMORY + (now - busySince);
      workedBytes = workedBytes * MEMORY + bytes;
      busySince = now;
      inWork -= 1;
      bytesInWork -= bytes;
    },
  };
}
