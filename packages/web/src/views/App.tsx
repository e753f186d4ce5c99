import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { MapSession } from '../data/session.ts';
import type { MapSource } from '../data/source.ts';
import type { UrlStore } from '../data/url-store.ts';
import type { PositionStore } from '../data/positions.ts';
import type { LayoutClient } from '../layout/layout-client.ts';
import { AppProvider } from './context.ts';
import type { AppContext } from './context.ts';
import { DropZone } from './DropZone.tsx';
import { EmptyState } from './EmptyState.tsx';
import { FilterRail } from './FilterRail.tsx';
import { GraphView } from './GraphView.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { Panel } from './Panel.tsx';
import { SearchDialog } from './SearchDialog.tsx';
import { StatusBanner } from './StatusBanner.tsx';
import { TableView } from './TableView.tsx';
import { TimeBar } from './TimeBar.tsx';
import { TopBar } from './TopBar.tsx';
import { useMapView } from './use-map-view.ts';
import { useShortcuts } from './use-shortcuts.ts';

export interface AppProps {
  readonly session: MapSession;
  readonly urlStore: UrlStore;
  readonly positions: PositionStore;
  readonly layout: LayoutClient;
  readonly firstSource: MapSource;
}

const MINUTE_MS = 60_000;

export function App({ session, urlStore, positions, layout, firstSource }: AppProps) {
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot);
  const url = useSyncExternalStore(urlStore.subscribe, urlStore.getSnapshot);
  const [source, setSource] = useState(firstSource);
  const [message, setMessage] = useState('');
  const [notice, setNotice] = useState('');
  const [railOpen, setRailOpen] = useState(false);
  const [dialog, setDialog] = useState<'search' | 'help'>();
  const now = useNow(source, snapshot.window.until);
  const { map, isPending } = useMapView(snapshot, url, now);

  const { time, compare, opened } = url;
  useEffect(() => {
    if (snapshot.fromAbove === undefined) return;
    for (const id of opened) if (id.startsWith('n:')) void session.want(id.slice(id.indexOf('/') + 1));
  }, [session, snapshot.fromAbove, opened]);
  useEffect(() => session.open(source, time ?? source.defaultTime, compare), [session, source, time, compare]);
  const wantsLabels = (railOpen || url.filter.labels.length > 0) && snapshot.phase === 'ready';
  useEffect(() => {
    if (wantsLabels) void session.wantLabels();
  }, [session, wantsLabels, snapshot.model]);
  useEffect(() => {
    document.title = source.label === '' ? 'network-mapper' : `${source.label} · network-mapper`;
  }, [source]);

  const openSource = useCallback(
    (next: MapSource) => {
      setSource(next);
      urlStore.update(({ time: _time, compare: _compare, selected: _selected, focus: _focus, mapFile: _mapFile, ...rest }) => rest);
      setMessage(`Opened ${next.label}`);
    },
    [urlStore],
  );
  const app = useMemo(
    (): AppContext => ({
      session,
      snapshot,
      url,
      setUrl: urlStore.update,
      map,
      isPending,
      now,
      openSource,
      announce: setMessage,
      notify: setNotice,
    }),
    [session, snapshot, url, urlStore, map, isPending, now, openSource],
  );
  useShortcuts(app, { search: () => setDialog('search'), help: () => setDialog('help') });

  const isEmpty = map.links.length === 0;
  return (
    <AppProvider value={app}>
      <a className="skip" href="#map" onClick={() => urlStore.update((state) => ({ ...state, view: 'table' }))}>
        Skip to the table of calls
      </a>
      <TopBar
        onSearch={() => setDialog('search')}
        onHelp={() => setDialog('help')}
        railOpen={railOpen}
        onRail={() => setRailOpen(!railOpen)}
      />
      <div className="body">
        <FilterRail open={railOpen} onClose={() => setRailOpen(false)} />
        <main className="stage" id="map" tabIndex={-1} aria-label="Map">
          <StatusBanner />
          {isEmpty ? <EmptyState /> : url.view === 'table' ? <TableView /> : <GraphView positions={positions} layout={layout} />}
          <TimeBar />
        </main>
        <Panel />
      </div>
      {dialog === 'search' && <SearchDialog onClose={() => setDialog(undefined)} />}
      {dialog === 'help' && <HelpDialog onClose={() => setDialog(undefined)} />}
      <DropZone />
      <LiveRegion text={message} />
      <Notice text={notice} onOver={() => setNotice('')} />
    </AppProvider>
  );
}

function LiveRegion({ text }: { readonly text: string }) {
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {text}
    </div>
  );
}

const NOTICE_MS = 6_000;

function Notice({ text, onOver }: { readonly text: string; readonly onOver: () => void }) {
  const over = useRef(onOver);
  useEffect(() => {
    over.current = onOver;
  });
  useEffect(() => {
    if (text === '') return;
    const timer = setTimeout(() => over.current(), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className={text === '' ? 'sr-only' : 'note notice'} role="status" aria-live="polite">
      {text}
    </div>
  );
}

/** Ages count from now while the source is live, else from the end of what it covers; by the minute, or all would redraw. */
function useNow(source: MapSource, until: number | undefined): number {
  const [minute, setMinute] = useState(() => Math.floor(Date.now() / MINUTE_MS));
  useEffect(() => {
    const timer = setInterval(() => setMinute(Math.floor(Date.now() / MINUTE_MS)), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return until !== undefined && (source.kind === 'file' || until < minute * MINUTE_MS) ? until : (minute + 1) * MINUTE_MS;
}
