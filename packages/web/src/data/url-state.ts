import { EVIDENCE_KINDS } from '@nm/core';
import type { EvidenceKind } from '@nm/core';
import type { LinesMode } from '../graph/elements.ts';
import { NO_FILTER, PROTECTION_STATES } from '../graph/filter.ts';
import type { MapFilter, ProtectionState } from '../graph/filter.ts';
import type { Focus } from '../graph/focus.ts';
import { COLUMNS, DEFAULT_COLUMNS } from '../graph/table.ts';
import type { Column, Sort } from '../graph/table.ts';
import { formatTimeRange, parseTimeRange } from './time-range.ts';
import type { TimeRange } from './time-range.ts';

export type Selection =
  | { readonly type: 'node'; readonly id: string }
  | { readonly type: 'group'; readonly id: string }
  | { readonly type: 'edge'; readonly id: string };

/** Everything that a shared address must bring back. */
export interface UrlState {
  readonly view: 'graph' | 'table';
  /** What the lines of the graph tell. */
  readonly lines: LinesMode;
  readonly filter: MapFilter;
  /** Absent: what suits the source. */
  readonly time?: TimeRange;
  /** The earlier window to compare with. */
  readonly compare?: TimeRange;
  readonly focus?: Focus;
  readonly selected?: Selection;
  /** Groups that were opened or closed by hand. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  readonly sort: Sort;
  readonly columns: readonly Column[];
  /** Path of a map file on this server, instead of the mapper itself. */
  readonly mapFile?: string;
}

export const DEFAULT_URL_STATE: UrlState = {
  view: 'graph',
  lines: 'kind',
  filter: NO_FILTER,
  opened: [],
  closed: [],
  sort: { column: 'lastSeen', descending: true },
  columns: DEFAULT_COLUMNS,
};

const LISTS = {
  cluster: 'clusters',
  env: 'environments',
  ns: 'namespaces',
  kind: 'kinds',
  label: 'labels',
  domain: 'domains',
  '-ns': 'excludeNamespaces',
  '-name': 'excludeNames',
} as const satisfies Readonly<Record<string, keyof MapFilter>>;
const SWITCHES = { system: 'showSystem', unknown: 'showUnknown', nointernet: 'hideInternet' } as const satisfies Readonly<
  Record<string, keyof MapFilter>
>;

/** At most so many values of one list are read from an address. */
const MAX_VALUES = 500;

/** Reads an address; what it does not understand is left out, never guessed. */
export function parseUrlState(search: string): UrlState {
  const params = new URLSearchParams(search);
  const all = (name: string): string[] => [...new Set(params.getAll(name))].filter((value) => value !== '').slice(0, MAX_VALUES);
  const filter: { -readonly [Key in keyof MapFilter]: MapFilter[Key] } = { ...NO_FILTER, text: params.get('q') ?? '' };
  for (const [name, field] of Object.entries(LISTS)) filter[field] = all(name);
  for (const [name, field] of Object.entries(SWITCHES)) filter[field] = params.get(name) === '1';
  filter.evidence = all('evidence').filter((kind): kind is EvidenceKind => (EVIDENCE_KINDS as readonly string[]).includes(kind));
  filter.protection = all('prot').filter((state): state is ProtectionState => (PROTECTION_STATES as readonly string[]).includes(state));
  filter.ports = all('port')
    .map(Number)
    .filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  const since = Date.parse(params.get('since') ?? '');
  if (Number.isFinite(since)) filter.seenSince = since;

  const time = parseTimeRange(params.get('t') ?? '');
  const compare = parseTimeRange(params.get('vs') ?? '');
  const focus = parseFocus(params);
  const selected = parseSelection(params.get('sel'));
  const columns = all('col').filter(isColumn);
  const mapFile = params.get('map');
  return {
    view: params.get('view') === 'table' ? 'table' : 'graph',
    lines: params.get('lines') === 'protection' ? 'protection' : 'kind',
    filter,
    opened: all('open'),
    closed: all('shut'),
    sort: parseSort(params.get('sort')),
    columns: columns.length > 0 ? columns : DEFAULT_COLUMNS,
    ...(mapFile === null || mapFile === '' ? {} : { mapFile }),
    ...(time === undefined ? {} : { time }),
    ...(compare === undefined ? {} : { compare }),
    ...(focus === undefined ? {} : { focus }),
    ...(selected === undefined ? {} : { selected }),
  };
}

/** The shortest address that brings the state back: what is as by default is left out. Empty, or begins with `?`. */
export function toUrlSearch(state: UrlState): string {
  const params = new URLSearchParams();
  const { filter } = state;
  if (state.mapFile !== undefined) params.set('map', state.mapFile);
  if (state.view === 'table') params.set('view', 'table');
  if (state.lines === 'protection') params.set('lines', 'protection');
  if (state.time !== undefined) params.set('t', formatTimeRange(state.time));
  if (state.compare !== undefined) params.set('vs', formatTimeRange(state.compare));
  if (filter.text !== '') params.set('q', filter.text);
  for (const [name, field] of Object.entries(LISTS)) for (const value of filter[field]) params.append(name, value);
  for (const kind of filter.evidence) params.append('evidence', kind);
  for (const word of filter.protection) params.append('prot', word);
  for (const port of filter.ports) params.append('port', String(port));
  for (const [name, field] of Object.entries(SWITCHES)) if (filter[field]) params.set(name, '1');
  if (filter.seenSince !== undefined) params.set('since', new Date(filter.seenSince).toISOString());
  if (state.focus !== undefined) {
    params.set('focus', state.focus.nodeId);
    params.set('hops', `${state.focus.hops}${state.focus.direction === 'both' ? '' : state.focus.direction}`);
  }
  if (state.selected !== undefined) params.set('sel', `${state.selected.type}:${state.selected.id}`);
  for (const id of state.opened) params.append('open', id);
  for (const id of state.closed) params.append('shut', id);
  const { sort } = state;
  if (sort.column !== DEFAULT_URL_STATE.sort.column || !sort.descending) params.set('sort', `${sort.descending ? '-' : ''}${sort.column}`);
  if (state.columns.join() !== DEFAULT_COLUMNS.join()) for (const column of state.columns) params.append('col', column);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** How many filters differ from the default: the number on the filter button. */
export function countFilters(filter: MapFilter): number {
  const lists = [...Object.values(LISTS), 'evidence', 'protection', 'ports'] as const;
  const switches = Object.values(SWITCHES).filter((field) => filter[field]).length;
  return (
    lists.filter((field) => filter[field].length > 0).length +
    switches +
    (filter.text === '' ? 0 : 1) +
    (filter.seenSince === undefined ? 0 : 1)
  );
}

function parseFocus(params: URLSearchParams): Focus | undefined {
  const nodeId = params.get('focus');
  const match = /^([123])(up|down)?$/.exec(params.get('hops') ?? '1');
  if (nodeId === null || nodeId === '' || match === null) return undefined;
  return { nodeId, hops: Number(match[1]) as Focus['hops'], direction: (match[2] as Focus['direction'] | undefined) ?? 'both' };
}

function parseSelection(text: string | null): Selection | undefined {
  const match = /^(node|group|edge):(.+)$/s.exec(text ?? '');
  const id = match?.[2];
  return id === undefined ? undefined : { type: match?.[1] as Selection['type'], id };
}

function parseSort(text: string | null): Sort {
  const column = (text ?? '').replace(/^-/, '');
  return isColumn(column) ? { column, descending: text?.startsWith('-') === true } : DEFAULT_URL_STATE.sort;
}

function isColumn(text: string): text is Column {
  return (COLUMNS as readonly string[]).includes(text);
}
