import { createRoot } from 'react-dom/client';
import { createApiClient } from '@nm/api';
import { createFileSource, parseMapText } from './data/file-source.ts';
import { createLiveSource } from './data/live-source.ts';
import { createPositionStore } from './data/positions.ts';
import { createMapSession } from './data/session.ts';
import type { MapSource } from './data/source.ts';
import { createUrlStore } from './data/url-store.ts';
import { createLayoutClient } from './layout/layout-client.ts';
import { App } from './views/App.tsx';
import { applyTheme } from './views/theme-choice.ts';

/** Puts the parts together; the only place that takes clock, storage and network from the browser. */
async function start(root: HTMLElement): Promise<void> {
  applyTheme(localStorage);
  const urlStore = createUrlStore(window);
  const session = createMapSession({
    now: () => Date.now(),
    schedule(run, ms) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  const { mapFile } = urlStore.getSnapshot();
  const firstSource = mapFile === undefined ? liveSource() : await fileSource(mapFile);
  createRoot(root).render(
    <App
      session={session}
      urlStore={urlStore}
      positions={createPositionStore(localStorage)}
      layout={createLayoutClient()}
      firstSource={firstSource}
    />,
  );
}

function liveSource(): MapSource {
  const base = new URL('.', location.href);
  const delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  return createLiveSource({ client: createApiClient({ url: base.href }), delay }, '');
}

/** A map file that this server offers; only its own files, because the address can be anybody's. */
async function fileSource(path: string): Promise<MapSource> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    const url = new URL(path, location.href);
    if (url.origin !== location.origin) throw new Error('it is not on this server');
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return createFileSource(parseMapText(await response.text()), name);
  } catch (error) {
    const failure = new Error(`${name} could not be opened: ${error instanceof Error ? error.message : String(error)}`);
    return {
      ...createFileSource({ schema: 'network-mapper/map/v1', generatedAt: '', window: {}, edges: [] }, name),
      load: () => Promise.reject(failure),
    };
  }
}

const root = document.getElementById('root');
if (root !== null) void start(root);
