import type { Observation } from '@nm/core';

/** Lets observations of one's own turn through; while it is another's turn, it holds those that may yet be one's own. */
export interface ObservationGate {
  add(observation: Observation): void;
  /** From now on observations are held: the newest HELD_MS, MAX_HELD at most. */
  hold(): void;
  /** Hands out what was held and happened after `since`, and from now on whatever did; all without `since`. */
  open(since: number | undefined): void;
}

/** Longer than a predecessor takes to say until when it saw everything. */
export const HELD_MS = 5_000;
/** Observations held; the older ones were the predecessor's. */
export const MAX_HELD = 32_768;

export function createObservationGate(deps: { readonly now: () => number }, hand: (observation: Observation) => void): ObservationGate {
  let held: Observation[] | undefined;
  let openSince = Number.NEGATIVE_INFINITY;

  const forgetOld = (kept: Observation[]): void => {
    const before = deps.now() - HELD_MS;
    // Twice the bound, so that what is dropped costs one copy for many additions.
    if (kept.length < 2 * MAX_HELD && (kept[kept.length >> 1]?.lastSeenAt ?? before) >= before) return;
    held = kept.filter((observation) => observation.lastSeenAt >= before).slice(-MAX_HELD);
  };

  return {
    add(observation) {
      if (held === undefined) {
        if (observation.lastSeenAt > openSince) hand(observation);
        return;
      }
      held.push(observation);
      forgetOld(held);
    },
    hold() {
      held ??= [];
    },
    open(since) {
      openSince = since ?? Number.NEGATIVE_INFINITY;
      const waiting = held ?? [];
      held = undefined;
      for (const observation of waiting) if (observation.lastSeenAt > openSince) hand(observation);
    },
  };
}
