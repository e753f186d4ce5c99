/**
 * Lets as many reports in as can be stored within a stated time, keeps some more at the door as they came, and says "not
 * now" to the others before anything of them is unpacked. What one may wait is bounded in time and not in number, because a
 * batch costs from one millisecond to hundreds: so the bound holds on a slow machine too. Reports beyond it would only
 * fill memory and make all wait.
 */
export interface ReportGate {
  /** False: come back later. Whoever was let in, at once or after a wait, must leave. */
  enter(bytes: number): Promise<boolean>;
  leave(bytes: number): void;
  /**
   * For one that was not let in, seconds: each is given the time after those told before it, so that many who are told
   * at once do not come back at once, again and again.
   */
  comeBackAfter(bytes: number): number;
  /** Reports in work. */
  readonly inWork: number;
  /** Reports at the door. */
  readonly waiting: number;
}

export interface ReportGateOptions {
  /** How long what is in work may take together. */
  readonly maxWorkMs: number;
  /** How long it may take until the last one at the door is stored too. */
  readonly maxWaitMs: number;
  /** Cost of a byte (as sent) before anything was measured. */
  readonly firstMsPerByte: number;
}

/** Nobody is sent away for longer, s: what others were told may never come to pass. */
const MAX_AWAY_S = 10;
/**
 * So many are told to come for the time of one: those who come late leave it to another, and sending one away once more
 * costs a hundredth of what storing it does.
 */
const TOLD_AT_ONCE = 4;
/** Weight of what was measured before, when a report ends: the cost follows the last ten or so. */
const MEMORY = 0.9;

/** @param deps.now a clock that only goes forward, ms */
export function createReportGate(deps: { readonly now: () => number }, options: ReportGateOptions): ReportGate {
  const line: { readonly bytes: number; readonly letIn: () => void }[] = [];
  let inWork = 0;
  let bytesInWork = 0;
  let bytesWaiting = 0;
  let busySince = 0;
  /** Until then there is work for those who were told to come back. */
  let promisedUntil = 0;
  /** Decaying sums over reports that ended: time that was worked, bytes that this was for. */
  let workedMs = 0;
  let workedBytes = 0;

  function workOf(bytes: number): number {
    return bytes * (workedBytes > 0 ? workedMs / workedBytes : options.firstMsPerByte);
  }

  /** One is always let in: however long it takes, waiting would not make it shorter. */
  function hasRoom(bytes: number): boolean {
    return inWork === 0 || workOf(bytesInWork + bytes) <= options.maxWorkMs;
  }

  function begin(bytes: number): void {
    if (inWork === 0) busySince = deps.now();
    inWork += 1;
    bytesInWork += bytes;
  }

  return {
    get inWork() {
      return inWork;
    },
    get waiting() {
      return line.length;
    },
    enter(bytes) {
      if (line.length === 0 && hasRoom(bytes)) {
        begin(bytes);
        return Promise.resolve(true);
      }
      if (workOf(bytesInWork + bytesWaiting + bytes) > options.maxWaitMs) return Promise.resolve(false);
      bytesWaiting += bytes;
      return new Promise((resolve) => line.push({ bytes, letIn: () => resolve(true) }));
    },
    comeBackAfter(bytes) {
      const now = deps.now();
      promisedUntil = Math.min(Math.max(promisedUntil, now) + workOf(bytes) / TOLD_AT_ONCE, now + MAX_AWAY_S * 1_000);
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
      for (let next = line[0]; next !== undefined && hasRoom(next.bytes); next = line[0]) {
        line.shift();
        bytesWaiting -= next.bytes;
        begin(next.bytes);
        next.letIn();
      }
    },
  };
}
