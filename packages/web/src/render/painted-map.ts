import type { Core } from 'cytoscape';
import { centreOf, elementBounds, grow, totalBounds } from '../graph/bounds.ts';
import type { Bounds } from '../graph/bounds.ts';
import type { GraphElements } from '../graph/elements.ts';
import type { Palette } from '../graph/looks.ts';
import type { Point } from '../graph/packed-layout.ts';
import { createHitIndex } from './hit-index.ts';
import type { HitIndex } from './hit-index.ts';
import { createMapPainter } from './map-painter.ts';
import type { PictureView } from './paint-map.ts';
import { redraw, setDrawing, setHitSearch } from './renderer-internals.ts';
import type { RawCanvas } from './renderer-internals.ts';

/** A picture shows so much beyond each side of the screen, so that a little panning meets no blank edge. */
const MARGIN = 0.2;
const PNG_SCALE = 2;
const MAX_PNG_SIDE = 8_000;

/**
 * Large maps on the library's canvas: the library knows the elements and handles the pointer, a worker paints. Between
 * two pictures the last one is moved and scaled, so that the page's thread has next to nothing to do.
 */
export function createPaintedMap(cy: Core, getPalette: () => Palette) {
  const painter = createMapPainter(
    () => redraw(cy),
    () => {
      isAble = false;
      end();
    },
  );
  /** A browser without OffscreenCanvas, or a worker that does not start, leave the drawing to the library. */
  let isAble = typeof OffscreenCanvas === 'function';
  let elements: GraphElements | undefined;
  let places = new Map<string, Point>();
  let moved = new Map<string, Point>();
  let index: HitIndex | undefined;
  let near = new Set<string>();
  let chosen: string | undefined;
  let isStale = true;

  setHitSearch(cy, () => {
    if (elements === undefined) return undefined;
    return (index ??= createHitIndex(elements, (id) => places.get(id)));
  });
  cy.on('position', 'node', ({ target }) => {
    if (elements === undefined || target.isParent()) return;
    const at = { ...target.position() };
    const old = places.get(target.id());
    if (old !== undefined && old.x === at.x && old.y === at.y) return;
    places.set(target.id(), at);
    moved.set(target.id(), at);
    index = undefined;
  });

  function currentView({ width, height, ratio }: Omit<RawCanvas, 'context'>): PictureView {
    const [margin, pan] = [Math.round(MARGIN * Math.max(width, height)), cy.pan()];
    return {
      zoom: cy.zoom() * ratio,
      x: pan.x * ratio + margin,
      y: pan.y * ratio + margin,
      width: width + 2 * margin,
      height: height + 2 * margin,
      ratio,
    };
  }

  function draw({ context, ...canvas }: RawCanvas): void {
    const view = currentView(canvas);
    const [{ ratio }, pan] = [canvas, cy.pan()];
    if (moved.size > 0) {
      painter.move(moved);
      moved = new Map();
      isStale = true;
    }
    const shown = painter.picture();
    if (isStale || shown === undefined || !isSame(shown.view, view)) {
      isStale = false;
      painter.request(view);
    }
    if (shown === undefined) return;
    const scale = view.zoom / shown.view.zoom;
    const [x, y] = [pan.x * ratio - shown.view.x * scale, pan.y * ratio - shown.view.y * scale];
    context.drawImage(shown.picture, x, y, shown.view.width * scale, shown.view.height * scale);
  }

  function end(): void {
    if (elements === undefined) return;
    elements = undefined;
    places = new Map();
    painter.stop();
    setDrawing(cy, undefined);
  }

  const mark = (): void => {
    painter.mark({ near, ...(chosen === undefined ? {} : { chosen }) });
    isStale = true;
    redraw(cy);
  };
  const bounds = (): Map<string, Bounds> => elementBounds(elements ?? { nodes: new Map(), edges: new Map() }, (id) => places.get(id));

  return {
    get isOn(): boolean {
      return elements !== undefined;
    },
    /** Begins to paint; until the first picture is there the canvas is empty. */
    begin(): void {
      if (elements !== undefined || !isAble) return;
      elements = { nodes: new Map(), edges: new Map() };
      painter.colour(getPalette());
      setDrawing(cy, draw);
    },
    show(next: GraphElements, at: ReadonlyMap<string, Point>): void {
      elements = next;
      places = new Map(at);
      moved = new Map();
      index = undefined;
      painter.show(next, places);
      mark();
    },
    /** Resolves when what was given last is on the screen; frames may not come while the page is hidden. */
    async whenShown(): Promise<void> {
      if (elements === undefined) return;
      const ratio = devicePixelRatio;
      isStale = false;
      painter.request(currentView({ width: Math.round(cy.width() * ratio), height: Math.round(cy.height() * ratio), ratio }));
      await painter.whenShown();
    },
    /** Hands the canvas back to the library. */
    end,
    retheme(): void {
      painter.colour(getPalette());
      isStale = true;
      redraw(cy);
    },
    setNear(ids: Iterable<string>): void {
      near = new Set(ids);
      mark();
    },
    choose(id: string | undefined): void {
      chosen = id;
      mark();
    },
    boundsOf: (id: string): Bounds | undefined => bounds().get(id),
    total: (): Bounds => totalBounds(bounds().values()),
    /** Centres of all nodes and boxes. */
    positions: (): Map<string, Point> => new Map([...bounds()].map(([id, at]) => [id, centreOf(at)])),
    toPng(): Promise<Blob> {
      const { left, top, right, bottom } = grow(totalBounds(bounds().values()), 36);
      const zoom = Math.min(PNG_SCALE, MAX_PNG_SIDE / (right - left), MAX_PNG_SIDE / (bottom - top));
      return painter.toPng({
        zoom,
        x: -left * zoom,
        y: -top * zoom,
        width: Math.round((right - left) * zoom),
        height: Math.round((bottom - top) * zoom),
        ratio: PNG_SCALE,
      });
    },
  };
}

export type PaintedMap = ReturnType<typeof createPaintedMap>;

function isSame(a: PictureView, b: PictureView): boolean {
  return a.zoom === b.zoom && a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
