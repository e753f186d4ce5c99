import { createAuditReader } from './audit-reader.ts';
import type { AuditEvent } from './audit-reader.ts';

/** Counts since they were last taken. */
export interface IntakeCounts {
  readonly lines: number;
  readonly malformed: number;
  readonly forged: number;
}

/** Reads one broker's log as its lines come. */
export interface LogIntake {
  push(line: string, at?: number): void;
  /** Hands out what was counted since the last call. */
  count(): void;
  /** The log is at its end: what was read is whole. */
  end(): void;
}

/** An event is whole when the next begins, or when the log has been quiet for this long. */
const QUIET_MS = 500;

export function createLogIntake(onEvent: (event: AuditEvent) => void, onCounts: (counts: IntakeCounts) => void): LogIntake {
  const reader = createAuditReader(onEvent);
  let counted: IntakeCounts = { lines: 0, malformed: 0, forged: 0 };
  let quiet: NodeJS.Timeout | undefined;

  function count(): void {
    const { lines, malformed, forged } = reader.counts;
    onCounts({ lines: lines - counted.lines, malformed: malformed - counted.malformed, forged: forged - counted.forged });
    counted = { lines, malformed, forged };
  }

  function end(): void {
    clearTimeout(quiet);
    quiet = undefined;
    reader.flush();
    count();
  }

  return {
    push(line, at): void {
      reader.push(line, at);
      if (quiet === undefined) quiet = setTimeout(end, QUIET_MS);
      else quiet.refresh();
    },
    count,
    end,
  };
}
