import type { MapLink } from './model.ts';

export type Change = 'added' | 'gone' | 'same';

export interface ComparedLinks {
  /** Every link of either window; of those in both, the later window's. */
  readonly links: readonly MapLink[];
  readonly changes: ReadonlyMap<string, Change>;
  readonly counts: Readonly<Record<Change, number>>;
}

/** What is new in `after`, gone since `before`, and in both, by edge identity. */
export function compareLinks(before: readonly MapLink[], after: readonly MapLink[]): ComparedLinks {
  const old = new Set(before.map((link) => link.id));
  const now = new Set(after.map((link) => link.id));
  const changes = new Map<string, Change>();
  const counts = { added: 0, gone: 0, same: 0 };
  const links = [...after, ...before.filter((link) => !now.has(link.id))];
  for (const link of links) {
    const change: Change = !now.has(link.id) ? 'gone' : old.has(link.id) ? 'same' : 'added';
    changes.set(link.id, change);
    counts[change] += 1;
  }
  return { links, changes, counts };
}
