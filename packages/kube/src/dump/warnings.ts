/** What was left out of a dump, once per kind of trouble. */
export interface DumpWarning {
  readonly code: DumpTrouble;
  /** How often it happened. */
  readonly count: number;
  /** Where it happened first, and what it was: kinds, line numbers. */
  readonly first: string;
  readonly message: string;
}

export type DumpTrouble =
  | 'empty-file'
  | 'not-an-object'
  | 'no-kind'
  | 'no-name'
  | 'no-service'
  | 'bad-line'
  | 'truncated'
  | 'watch-error'
  | 'older-state'
  | 'no-time';

const MESSAGES: Readonly<Record<DumpTrouble, string>> = {
  'empty-file': 'files are empty: did the command fail that should have written them?',
  'not-an-object': 'items that are no objects were skipped',
  'no-kind': 'objects without a kind were skipped',
  'no-name': 'objects without a name were skipped',
  'no-service': 'EndpointSlices that name no Service were skipped',
  'bad-line': 'lines that are no JSON were skipped',
  truncated: 'files end in the middle of an object; what came before was read',
  'watch-error': 'ERROR events of a watch were skipped: changes may be missing after them',
  'older-state': 'states older than one already read were skipped: give the dumps in the order in which they were taken',
  'no-time': 'dumps hold no time at all: what they lack counts as gone at an unknown time',
};

/** Counts troubles and tells them once each, in the order of their first appearance. */
export interface TroubleCount {
  add(code: DumpTrouble, where: string): void;
  report(onWarning: (warning: DumpWarning) => void): void;
}

export function createTroubleCount(): TroubleCount {
  const counts = new Map<DumpTrouble, { count: number; readonly first: string }>();
  return {
    add(code, where) {
      const known = counts.get(code);
      if (known === undefined) counts.set(code, { count: 1, first: where });
      else known.count += 1;
    },
    report(onWarning) {
      for (const [code, { count, first }] of counts)
        onWarning({ code, count, first, message: `${count} ${MESSAGES[code]} (first: ${first})` });
    },
  };
}
