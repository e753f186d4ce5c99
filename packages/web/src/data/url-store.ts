import { parseUrlState, toUrlSearch } from './url-state.ts';
import type { UrlState } from './url-state.ts';

/** The page's address as state: what is shared is what is seen. */
export function createUrlStore(window: Window) {
  let search = window.location.search;
  let state = parseUrlState(search);
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const receive = (): void => {
    if (window.location.search === search) return;
    search = window.location.search;
    state = keepSame(state, parseUrlState(search));
    tell();
  };
  window.addEventListener('popstate', receive);
  return {
    getSnapshot: (): UrlState => state,
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Steps that "back" should undo are pushed; typing and sorting replace. */
    update: (change: (state: UrlState) => UrlState, push = true): void => {
      const next = toUrlSearch(change(state));
      if (next === search) return;
      search = next;
      state = keepSame(state, parseUrlState(next));
      window.history[push ? 'pushState' : 'replaceState'](undefined, '', next === '' ? window.location.pathname : next);
      tell();
    },
    stop: (): void => window.removeEventListener('popstate', receive),
  };
}

/** Parts that say the same stay the same objects: whoever depends on one need not act when another changed. */
export function keepSame(old: UrlState, next: UrlState): UrlState {
  const fields = Object.entries(next).map(([name, value]) => {
    const before: unknown = old[name as keyof UrlState];
    return [name, JSON.stringify(before) === JSON.stringify(value) ? before : value] as const;
  });
  return Object.fromEntries(fields) as unknown as UrlState;
}

export type UrlStore = ReturnType<typeof createUrlStore>;
