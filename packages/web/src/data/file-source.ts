import { parseMapDocument } from '@nm/core';
import type { MapDocument } from '@nm/core';
import type { UiEdge } from '../graph/ui-edge.ts';
import type { MapSource } from './source.ts';
import { toUiEdges } from './to-ui-edge.ts';

/** Larger files are refused before they are read (docs/limits.md: web map file). */
export const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** A map file as a source. Its edges carry only their first and last times, so a window keeps what overlaps it. */
export function createFileSource(document: MapDocument, label: string): MapSource {
  const edges = toUiEdges(document);
  const byId = new Map(edges.map((edge) => [edge.id, edge]));
  const ownWindow = {
    ...(document.window.since === undefined ? {} : { since: Date.parse(document.window.since) }),
    ...(document.window.until === undefined ? {} : { until: Date.parse(document.window.until) }),
  };
  return {
    kind: 'file',
    label,
    defaultTime: { type: 'all' },
    load({ since, until }, onPage) {
      const isAll = since === undefined && until === undefined;
      const kept = isAll
        ? edges
        : edges.filter((edge) => overlaps(edge, since ?? Number.NEGATIVE_INFINITY, until ?? Number.POSITIVE_INFINITY));
      onPage(kept, { loaded: kept.length, total: kept.length });
      const window = isAll ? ownWindow : { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
      return Promise.resolve({ window });
    },
    loadDetailed(_window, onPage) {
      onPage(edges);
      return Promise.resolve();
    },
    loadLabels: () => Promise.resolve(),
    loadEdges: () => Promise.resolve([]),
    loadNamespace: () => Promise.resolve(),
    loadWorkload: () => Promise.resolve(undefined),
    loadEdge: (id) => Promise.resolve(byId.get(id)),
    loadActivity: () => Promise.resolve(undefined),
    loadStatus: () => Promise.resolve(undefined),
    follow: () => Promise.resolve(),
  };
}

/** @throws AppError MAP_INVALID, or SyntaxError when it is no JSON. */
export function parseMapText(text: string): MapDocument {
  return parseMapDocument(JSON.parse(text));
}

function overlaps({ evidence }: UiEdge, since: number, until: number): boolean {
  return Object.values(evidence).some(
    (item) => item !== undefined && Date.parse(item.lastSeen) >= since && Date.parse(item.firstSeen) <= until,
  );
}
