import type { Clock, Logger } from '@nm/core';

/** Lines of one message a minute: enough to see what is wrong, whoever causes it and however often. */
const LINES_A_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Messages told apart. Ours are fixed texts, so there are fewer. */
const MAX_MESSAGES = 256;

interface Minute {
  until: number;
  lines: number;
  leftOut: number;
}

/**
 * A log for what others cause, a client that connects in vain a thousand times a second for example: ten lines of each
 * message a minute, and how many were left out (`leftOut`) with the first of the next one. Metrics count all of them.
 */
export function createSparseLogger(clock: Clock, log: Logger): Logger {
  const minutes = new Map<string, Minute>();

  const sparse =
    (level: keyof Logger) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const now = clock.now();
      let minute = minutes.get(message);
      // Also where the clock was set back.
      if (minute === undefined || now >= minute.until || now < minute.until - MINUTE_MS) {
        const leftOut = minute?.leftOut ?? 0;
        if (minutes.size >= MAX_MESSAGES) minutes.clear();
        minute = { until: now + MINUTE_MS, lines: 1, leftOut: 0 };
        minutes.set(message, minute);
        log[level](message, leftOut === 0 ? fields : { ...fields, leftOut });
      } else if (minute.lines < LINES_A_MINUTE) {
        minute.lines += 1;
        log[level](message, fields);
      } else minute.leftOut += 1;
    };

  return { debug: sparse('debug'), info: sparse('info'), warn: sparse('warn'), error: sparse('error') };
}
