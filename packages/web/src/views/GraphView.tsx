import { useEffect, useMemo, useRef, useState } from 'react';
import type { PositionStore } from '../data/positions.ts';
import type { Point } from '../graph/packed-layout.ts';
import { placeNodes } from '../graph/place.ts';
import { MAX_LAYOUT_NODES } from '../layout/layout-client.ts';
import type { LayoutClient } from '../layout/layout-client.ts';
import { createGraphRenderer } from '../render/graph-renderer.ts';
import type { GraphRenderer } from '../render/graph-renderer.ts';
import { useApp } from './context.ts';
import type { AppContext } from './context.ts';
import { GraphControls } from './GraphControls.tsx';
import { Legend } from './Legend.tsx';
import { setPictureSource } from './picture.ts';
import { toggleGroup } from './actions.ts';

/** Small maps wait this long for the layout, so that they do not appear twice. */
const WAIT_FOR_LAYOUT_MS = 350;
const SAVE_AFTER_MS = 400;
const PAN_PX = 60;
/** A little longer than nodes take to glide to their places. */
const GLIDE_MS = 360;

/** The canvas and its controls; the drawing itself is the renderer's. */
export function GraphView({ positions, layout }: { readonly positions: PositionStore; readonly layout: LayoutClient }) {
  const app = useApp();
  const { elements, graph } = app.map;
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef<AppContext>(app);
  useEffect(() => {
    latest.current = app;
  });
  const [renderer, setRenderer] = useState<GraphRenderer>();
  const viewKey = useMemo(() => viewKeyOf(app), [app]);
  const known = useRef<{ key: string; places: Map<string, Point> }>({ key: '', places: new Map() });
  const userMoved = useRef(false);
  /** What is being drawn, and how many layouts will still move it. */
  const drawing = useRef<Promise<void>>(undefined);
  const lateLayouts = useRef(0);
  /** Boxes that were open in the last picture: one that is new was opened just now. */
  const openBoxes = useRef(new Set<string>());

  useEffect(() => {
    if (host.current === null) return;
    const created = createGraphRenderer(host.current, {
      onSelect: (selected) => latest.current.setUrl((state) => withSelection(state, toSelection(latest.current, selected))),
      onToggle: (id) => toggleGroup(latest.current, id),
      onMoved: () => {
        userMoved.current = true;
        save();
      },
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const save = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        remember(known.current.places, created);
        positions.save(known.current.key, known.current.places);
      }, SAVE_AFTER_MS);
    };
    setRenderer(created);
    setPictureSource(created);
    const media = matchMedia('(prefers-color-scheme: dark)');
    const retheme = (): void => created.retheme();
    const themes = new MutationObserver(retheme);
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    media.addEventListener('change', retheme);
    const sizes = new ResizeObserver(() => created.resize());
    sizes.observe(host.current);
    return () => {
      clearTimeout(timer);
      themes.disconnect();
      media.removeEventListener('change', retheme);
      sizes.disconnect();
      setPictureSource(undefined);
      layout.stop();
      created.stop();
      setRenderer(undefined);
      known.current = { key: '', places: new Map() };
    };
  }, [positions, layout]);

  useEffect(() => {
    if (renderer === undefined || host.current === null) return;
    const canvas = host.current;
    let isCurrent = true;
    if (known.current.key !== viewKey) {
      known.current = { key: viewKey, places: positions.load(viewKey) };
      userMoved.current = false;
    } else remember(known.current.places, renderer);
    const isFirst = canvas.dataset['ready'] !== viewKey;
    const placement = placeNodes(elements, known.current.places);
    const isNow = (): boolean => isCurrent && known.current.key === viewKey;
    const draw = async (): Promise<void> => {
      const wantsLayout = placement.isFresh && elements.nodes.size <= MAX_LAYOUT_NODES;
      const arranged = wantsLayout ? layout.layout(elements, placement.positions) : undefined;
      const early = arranged === undefined ? undefined : await Promise.race([arranged, delay(WAIT_FOR_LAYOUT_MS)]);
      // What comes late is used all the same, even if the picture was drawn anew meanwhile.
      if (arranged !== undefined && early === undefined) {
        lateLayouts.current += 1;
        void arranged.then(arrangeLate);
      }
      if (!isNow()) return;
      const places = early ?? placement.positions;
      if (!(await renderer.show(elements, places)) || !isNow()) return;
      await renderer.place(places, !isFirst);
      if (!isNow()) return;
      if (isFirst || placement.isFresh) renderer.fit(!isFirst, true);
      const opened = graph.boxes.filter(({ id }) => !openBoxes.current.has(id));
      openBoxes.current = new Set(graph.boxes.map(({ id }) => id));
      const [only] = opened;
      if (!isFirst && only !== undefined && opened.length === 1) renderer.lookInto(only.id);
      await renderer.whenShown();
      if (!isNow()) return;
      canvas.dataset['ready'] = viewKey;
      performance.mark('nm-map-shown');
      for (const [id, at] of places) known.current.places.set(id, at);
      if (lateLayouts.current === 0) canvas.dataset['arranged'] = viewKey;
    };
    const arrangeLate = async (late: ReadonlyMap<string, Point> | undefined): Promise<void> => {
      const isWanted = (): boolean => known.current.key === viewKey && !userMoved.current && canvas.isConnected;
      // Nodes that are still being drawn could not be moved.
      for (let seen: Promise<void> | undefined; seen !== drawing.current;) await (seen = drawing.current);
      if (isWanted() && late !== undefined) {
        await renderer.place(late, true);
        for (const [id, at] of late) known.current.places.set(id, at);
        await delay(GLIDE_MS);
        if (isWanted()) renderer.fit(true, true);
      }
      lateLayouts.current -= 1;
      if (lateLayouts.current === 0 && canvas.dataset['ready'] === viewKey) canvas.dataset['arranged'] = viewKey;
    };
    drawing.current = draw();
    return () => {
      isCurrent = false;
    };
  }, [renderer, elements, graph.boxes, viewKey, positions, layout]);

  const selectedId = app.url.selected?.id;
  useEffect(() => renderer?.choose(selectedId, true), [renderer, selectedId, elements]);

  const relayout = (): void => {
    if (renderer === undefined) return;
    positions.forget(viewKey);
    userMoved.current = false;
    const { positions: packed } = placeNodes(elements, new Map());
    const arranged = elements.nodes.size > MAX_LAYOUT_NODES ? Promise.resolve(undefined) : layout.layout(elements, packed);
    void arranged
      .then((places) => renderer.place(places ?? packed, true))
      .then(() => delay(GLIDE_MS))
      .then(() => renderer.fit());
  };

  const hidden = graph.edgesNotDrawn;
  return (
    <div className="graph">
      <div
        ref={host}
        className="canvas"
        role="application"
        tabIndex={0}
        aria-label={`Graph of ${graph.nodes.length} workloads and groups and ${graph.edges.length} calls. Arrow keys move, plus and minus zoom, N and P walk through the workloads. The table shows the same.`}
        onKeyDown={(event) => onKey(event, app, renderer)}
      />
      <Legend />
      <GraphControls renderer={renderer} onRelayout={relayout} />
      {hidden > 0 && <p className="note">{hidden.toLocaleString('en')} lighter calls are not drawn; the table has all.</p>}
    </div>
  );
}

function remember(places: Map<string, Point>, renderer: GraphRenderer): void {
  for (const [id, at] of renderer.positions()) places.set(id, at);
}

/** Places belong to a source and to what was asked of it: a focused map is another picture than the whole. */
function viewKeyOf({ snapshot, url }: AppContext): string {
  const parts = [
    snapshot.source?.kind ?? '',
    snapshot.source?.label ?? '',
    url.focus === undefined ? '' : `${url.focus.nodeId} ${url.focus.hops}${url.focus.direction}`,
    [...url.filter.namespaces].toSorted().join(),
  ];
  return parts.join('~');
}

function toSelection(
  { map }: AppContext,
  selected: { readonly type: 'node' | 'edge'; readonly id: string } | undefined,
): AppContext['url']['selected'] {
  if (selected === undefined) return undefined;
  return selected.type === 'node' && map.grouping.groups.has(selected.id) ? { type: 'group', id: selected.id } : selected;
}

function withSelection({ selected: _selected, ...state }: AppContext['url'], selected: AppContext['url']['selected']): AppContext['url'] {
  return selected === undefined ? state : { ...state, selected };
}

function onKey(event: React.KeyboardEvent, app: AppContext, renderer: GraphRenderer | undefined): void {
  if (renderer === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
  const pans: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [PAN_PX, 0],
    ArrowRight: [-PAN_PX, 0],
    ArrowUp: [0, PAN_PX],
    ArrowDown: [0, -PAN_PX],
  };
  const pan = pans[event.key];
  if (pan !== undefined) renderer.panBy(...pan);
  else if (event.key === '+' || event.key === '=') renderer.zoomBy(1.25);
  else if (event.key === '-') renderer.zoomBy(0.8);
  else if (event.key === '0') renderer.fit();
  else if (event.key === 'n' || event.key === 'p') walk(app, event.key === 'n' ? 1 : -1);
  else if (event.key === 'Enter' && app.url.selected?.type === 'group') toggleGroup(app, app.url.selected.id);
  else return;
  event.preventDefault();
}

function walk(app: AppContext, step: 1 | -1): void {
  const nodes = app.map.graph.nodes;
  if (nodes.length === 0) return;
  const at = nodes.findIndex(({ id }) => id === app.url.selected?.id);
  const next = nodes[(at + step + nodes.length) % nodes.length];
  if (next === undefined) return;
  app.setUrl((state) => withSelection(state, { type: next.shape === 'group' ? 'group' : 'node', id: next.id }), false);
  app.announce(`${next.label}${next.shape === 'group' ? `, group of ${next.size}` : ''}`);
}

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
