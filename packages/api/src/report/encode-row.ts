import type { Observation } from '@nm/core';
import { KINDS } from './format.ts';

/** What both writers of reports share: ours for any observation, and the sniffer's for very many. */

export const ABSENT = -1;

/**
 * UTF-16 units of text in one batch. As JSON a unit of a name or a detail takes at most three bytes, so that a batch of
 * the longest texts that others could choose stays below the 16 MiB of a request: a refused batch would come again and
 * again, or be lost with what everybody else did.
 */
export const MAX_BATCH_TEXT = 4 * 1024 * 1024;

const KIND_INDEX: ReadonlyMap<string, number> = new Map(KINDS.map((kind, index) => [kind, index]));

/** Column 0 of a row. */
export function toKindIndex(kind: Observation['kind']): number {
  return KIND_INDEX.get(kind) ?? ABSENT;
}

/** Column 1 of a row. */
export function toRowFlags(observation: Observation): number {
  return (
    (observation.vantage === 'server' ? 1 : 0) |
    (observation.directionGuessed === true ? 2 : 0) |
    (observation.approximate === true ? 4 : 0) |
    (observation.destination.protocol === 'UDP' ? 8 : 0)
  );
}
