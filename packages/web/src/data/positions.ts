import type { Point } from '../graph/packed-layout.ts';

/** The part of the browser's storage that is used. */
export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Layouts kept, the least recently used forgotten first (docs/limits.md: web layouts). */
export const MAX_LAYOUTS = 12;
/** Places kept per layout. */
export const MAX_PLACES = 4_000;

const INDEX_KEY = 'network-mapper/layouts';

/** Keeps where the user put things, per view, in the browser's storage; a full or forbidden storage only forgets. */
export function createPositionStore(storage: KeyValueStore) {
  const keyOf = (view: string): string => `network-mapper/layout/${view}`;
  const readIndex = (): string[] => {
    const value = readJson(storage, INDEX_KEY);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  };
  return {
    load(view: string): Map<string, Point> {
      const value = readJson(storage, keyOf(view));
      const places = new Map<string, Point>();
      if (!Array.isArray(value)) return places;
      for (const item of value) {
        if (!Array.isArray(item)) continue;
        const [id, x, y] = item as readonly unknown[];
        if (typeof id === 'string' && typeof x === 'number' && typeof y === 'number') places.set(id, { x, y });
      }
      return places;
    },

    save(view: string, places: ReadonlyMap<string, Point>): void {
      const rows = [...places].slice(0, MAX_PLACES).map(([id, { x, y }]) => [id, Math.round(x), Math.round(y)]);
      const index = [view, ...readIndex().filter((item) => item !== view)];
      try {
        for (const old of index.splice(MAX_LAYOUTS)) storage.removeItem(keyOf(old));
        storage.setItem(keyOf(view), JSON.stringify(rows));
        storage.setItem(INDEX_KEY, JSON.stringify(index));
      } catch {
        // Storage is full or switched off: places last until the page is left.
      }
    },

    forget(view: string): void {
      try {
        storage.removeItem(keyOf(view));
      } catch {
        // As above.
      }
    },
  };
}

export type PositionStore = ReturnType<typeof createPositionStore>;

function readJson(storage: KeyValueStore, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null');
  } catch {
    return undefined;
  }
}
