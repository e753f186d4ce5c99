import { createContext, use } from 'react';
import type { MapSession, SessionSnapshot } from '../data/session.ts';
import type { UrlState } from '../data/url-state.ts';
import type { MapSource } from '../data/source.ts';
import type { MapView } from '../graph/pipeline.ts';

/** What every view may read and do. */
export interface AppContext {
  readonly session: MapSession;
  readonly snapshot: SessionSnapshot;
  readonly url: UrlState;
  readonly setUrl: (change: (state: UrlState) => UrlState, push?: boolean) => void;
  readonly map: MapView;
  /** A newer picture is being computed. */
  readonly isPending: boolean;
  /** The instant that ages are counted from: now, or the end of what the source covers. */
  readonly now: number;
  readonly openSource: (source: MapSource) => void;
  /** Says something to everybody, screen readers too. */
  readonly announce: (text: string) => void;
  /** The same for everybody: a line that stays for some seconds. */
  readonly notify: (text: string) => void;
}

const Context = createContext<AppContext | undefined>(undefined);
export const AppProvider = Context.Provider;

export function useApp(): AppContext {
  const value = use(Context);
  if (value === undefined) throw new Error('a view outside of AppProvider');
  return value;
}
