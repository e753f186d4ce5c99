import { toClientIntents, toEdges } from '@nm/core';
import { toDot } from '../graph/export/dot.ts';
import { toMapFile } from '../graph/export/map-file.ts';
import { toMermaid } from '../graph/export/mermaid.ts';
import { toSvg } from '../graph/export/svg.ts';
import type { MapLink } from '../graph/model.ts';
import { packLayout } from '../graph/packed-layout.ts';
import { sortRows, toCsv, toJsonRows } from '../graph/table.ts';
import { readTheme } from '../render/theme.ts';
import { download } from './actions.ts';
import type { AppContext } from './context.ts';
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
  return documents.map(({ document, notes }) => notes.map((note) => `# ${note}\n`).join('') + stringify(document)).join('---\n');
}

/** Edges of large maps are loaded without what only their panel shows; a map file wants it all. */
const MAX_DETAIL_EDGES = 2_000;

async function withDetails({ snapshot }: AppContext, links: readonly MapLink[]): Promise<MapLink[]> {
  const { source, window } = snapshot;
  const isWhole = source === undefined || source.kind === 'file' || snapshot.model.links.size <= 5_000;
  if (isWhole || links.length > MAX_DETAIL_EDGES) return [...links];
  const signal = AbortSignal.timeout(60_000);
  const result: MapLink[] = [];
  for (const link of links) {
    const edge = await source.loadEdge(link.id, window, signal);
    result.push(edge === undefined ? link : { ...link, edge });
  }
  return result;
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
