import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Connections that wait to be accepted. One is accepted per turn of the event loop, and the work on a report makes a turn
 * long: of hundreds of reporters that connect at once (to a mapper that has just begun), the last would wait for a second.
 */
export interface Newcomers {
  /** A connection was accepted. */
  arrived(): void;
  /** When none waits any more, or after `maxTurns` turns: who connects without end keeps nobody from working. */
  allIn(): Promise<void>;
}

/** A turn that began before a connection came accepts none. */
const QUIET_TURNS = 2;
const MAX_TURNS = 256;

export function createNewcomers({ maxTurns = MAX_TURNS }: { readonly maxTurns?: number } = {}): Newcomers {
  let accepted = 0;
  return {
    arrived() {
      accepted += 1;
    },
    async allIn() {
      let quiet = 0;
      for (let turn = 0; turn < maxTurns && quiet < QUIET_TURNS; turn++) {
        const before = accepted;
        await nextTurn();
        quiet = accepted === before ? quiet + 1 : 0;
      }
    },
  };
}
