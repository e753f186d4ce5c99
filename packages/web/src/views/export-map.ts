import { toClientIntents, toEdges } from '@nm/core';
import { LARGE_MAP_EDGES } from '../data/source.ts';
import { toDot } from '../graph/export/dot.ts';
import { toMapFile } from '../graph/export/map-file.ts';
import { toMermaid } from '../graph/export/mermaid.ts';
import { toSvg } from '../graph/export/svg.ts';
import type { MapLink } from '../graph/model.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import { packLayout } from '../graph/packed-layout.ts';
import { sortRows, toCsv, toJsonRows } from '../graph/table.ts';
import { readTheme } from '../render/theme.ts';
import { download } from './actions.ts';
import type { AppContext } from './context.ts';
import { visibleText } from '../graph/visible-text.ts';
import { getPictureSource } from './picture.ts';

export type ExportFormat = 'png' | 'svg' | 'dot' | 'mermaid' | 'intents' | 'csv' | 'json' | 'map';

/** Saves what is shown in one format; answers the file's name. */
export async function exportMap(app: AppContext, format: ExportFormat): Promise<string> {
  const { map, url, snapshot } = app;
  const rows = () =>
    sortRows(
      map.links.map((link) => {
        const change = map.changes?.get(link.id);
        return { link, ...(change === undefined ? {} : { change }) };
      }),
      url.sort,
    );
  const isPicture = format === 'png' || format === 'svg' || format === 'dot' || format === 'mermaid';
  if (!isPicture && map.links.some(({ standsFor }) => standsFor !== undefined)) throw new Error('the map is still being loaded');
  switch (format) {
    case 'png': {
      const picture = getPictureSource();
      if (picture === undefined) throw new Error('open the graph first');
      return save('map.png', await picture.toPng());
    }
    case 'svg': {
      const places = getPictureSource()?.positions() ?? packLayout(map.elements);
      return save('map.svg', toSvg(map.elements, places, readTheme(document.documentElement)), 'image/svg+xml');
    }
    case 'dot':
      return save('map.dot', toDot(map.graph));
    case 'mermaid':
      return save('map.mmd', toMermaid(map.graph));
    case 'csv':
      return save('calls.csv', toCsv(rows(), url.columns), 'text/csv');
    case 'json':
      return save('calls.json', toJsonRows(rows(), url.columns), 'application/json');
    case 'map': {
      const links = await withDetails(app, map.links);
      const document = toMapFile(links, toMapWindow(snapshot.window), new Date(app.now).toISOString());
      return save('map.json', `${JSON.stringify(document, undefined, 1)}\n`, 'application/json');
    }
    case 'intents':
      return save('client-intents.yaml', await toIntentsYaml(map.links, app.now), 'application/yaml');
  }
}

/** ClientIntents of these calls' clients as YAML documents; empty when no client can have one. */
export async function toIntentsYaml(links: readonly MapLink[], now: number): Promise<string> {
  const file = toMapFile(links, {}, new Date(now).toISOString());
  const { documents } = toClientIntents(toEdges(file), { version: 'v2beta1' });
  const { stringify } = await import('yaml');
  return documents
    .map(({ document, notes }) => notes.map((note) => `# ${visibleText(note)}\n`).join('') + stringify(document))
    .join('---\n');
}

/** Up to so many edges are asked for one by one; for more, all pages of the window are fetched again in full. */
const MAX_SINGLE_EDGES = 200;
const DETAILS_TIMEOUT_MS = 300_000;

/** Edges of large maps are loaded without what only their panel shows; a map file wants it all. */
async function withDetails({ snapshot }: AppContext, links: readonly MapLink[]): Promise<MapLink[]> {
  const { source, window } = snapshot;
  if (source === undefined || source.kind === 'file' || snapshot.model.links.size <= LARGE_MAP_EDGES) return [...links];
  const signal = AbortSignal.timeout(DETAILS_TIMEOUT_MS);
  const details = new Map<string, UiEdge>();
  if (links.length > MAX_SINGLE_EDGES) {
    const wanted = new Set(links.map(({ id }) => id));
    await source.loadDetailed(
      window,
      (edges) => {
        for (const edge of edges) if (wanted.has(edge.id)) details.set(edge.id, edge);
      },
      signal,
    );
  } else {
    for (const { id } of links) {
      const edge = await source.loadEdge(id, window, signal);
      if (edge !== undefined) details.set(id, edge);
    }
  }
  return links.map((link) => {
    const edge = details.get(link.id);
    return edge === undefined ? link : { ...link, edge };
  });
}

function toMapWindow({ since, until }: AppContext['snapshot']['window']): { readonly since?: string; readonly until?: string } {
  return {
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
}

function save(name: string, content: string | Blob, type?: string): string {
  download(name, content, type);
  return name;
}
