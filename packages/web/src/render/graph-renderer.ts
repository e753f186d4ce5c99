import cytoscape from 'cytoscape';
import type { Core, EventObject, NodeSingular } from 'cytoscape';
import { centreOf } from '../graph/bounds.ts';
import type { Bounds } from '../graph/bounds.ts';
import type { GraphElements } from '../graph/elements.ts';
import type { Point } from '../graph/packed-layout.ts';
import { toElementJobs } from './cytoscape-elements.ts';
import type { DrawnElements } from './cytoscape-elements.ts';
import { nextTask } from './next-task.ts';
import { createPaintedMap } from './painted-map.ts';
import type { PaintedMap } from './painted-map.ts';
import { setDrawing } from './renderer-internals.ts';
import { toStylesheet } from './stylesheet.ts';
import { readTheme } from './theme.ts';

/** The library warns of edges between nodes that the user drags over each other: expected, and nobody's to read. */
cytoscape.warnings(false);

export interface RendererEvents {
  /** A click: a node, a box, an edge, or nothing. */
  readonly onSelect: (selected: { readonly type: 'node' | 'edge'; readonly id: string } | undefined) => void;
  /** A double click on a group or the label of its box. */
  readonly onToggle: (id: string) => void;
  /** The user moved something. */
  readonly onMoved: () => void;
}

/** Work on the canvas goes on for so long before the page may do something else. */
const SLICE_MS = 10;
/** Changes of more elements at once are not drawn half done. */
const SHOWN_WHOLE = 100;
/** Larger maps are painted by a worker, with straight edges. */
const MANY_ELEMENTS = 200;
const ANIMATION_MS = 320;
/** A telephone's screen, and the zoom from which its reader can tell names. */
const NARROW_PX = 600;
const READABLE_ZOOM = 0.6;
const FIT_PADDING = 36;
/** A small map is not blown up: to this on a laptop, somewhat more on a wall. */
const MAX_FIT_ZOOM = { least: 1.25, most: 2.4, perPx: 1 / 1_500 };

/** Draws elements on a canvas and tells what the user does with them. Knows nothing of React or of the map. */
export function createGraphRenderer(container: HTMLElement, events: RendererEvents) {
  const cy: Core = cytoscape({
    container,
    style: toStylesheet(readTheme(container)),
    minZoom: 0.05,
    maxZoom: 3,
    boxSelectionEnabled: false,
    selectionType: 'single',
    pixelRatio: 'auto',
  });
  const painted = createPaintedMap(cy, () => readTheme(container));
  const drawn: DrawnElements = { nodes: new Map(), edges: new Map() };
  let job = 0;
  let hasLooked = false;
  cy.on('dragpan scrollzoom pinchzoom', () => {
    hasLooked = true;
  });
  listen(cy, events, painted);

  /** Runs pieces of work with pauses; gives up when a newer picture comes. */
  async function inSlices(jobs: readonly (() => void)[], mine: number): Promise<boolean> {
    for (let next = 0; next < jobs.length;) {
      const end = performance.now() + SLICE_MS;
      cy.batch(() => {
        while (next < jobs.length && performance.now() < end) jobs[next++]?.();
      });
      if (next < jobs.length) await nextTask();
      if (job !== mine) return false;
    }
    return true;
  }
  const total = (): Bounds => {
    if (painted.isOn) return painted.total();
    const { x1, x2, y1, y2 } = cy.elements().boundingBox({});
    return { left: x1, right: x2, top: y1, bottom: y2 };
  };

  return {
    /** Brings the canvas to the given picture. Resolves true when it is complete, false when a newer one overtook it. */
    async show(next: GraphElements, positions: ReadonlyMap<string, Point>): Promise<boolean> {
      job += 1;
      const mine = job;
      const { jobs, total: changes, removed } = toElementJobs(cy, drawn, next, positions);
      const isMany = next.nodes.size + next.edges.size > MANY_ELEMENTS;
      if (isMany) painted.begin();
      if (!painted.isOn && changes > SHOWN_WHOLE) setDrawing(cy, () => undefined);
      if (!(await inSlices(jobs, mine))) return false;
      setBackground(cy, isMany);
      if (isMany && painted.isOn) painted.show(next, positions);
      else {
        painted.end();
        setDrawing(cy, undefined);
      }
      container.dataset['elements'] = String(cy.elements().length);
      container.dataset['removed'] = String(removed);
      return true;
    },

    /** Resolves when the picture is complete on the screen. */
    whenShown: (): Promise<void> => painted.whenShown(),

    /** Moves nodes to their places, gliding when asked to. */
    async place(positions: ReadonlyMap<string, Point>, glide: boolean): Promise<void> {
      const isStill = !glide || painted.isOn || matchMedia('(prefers-reduced-motion: reduce)').matches;
      const jobs = [...positions].map(([id, at]) => (): void => {
        const node = cy.getElementById(id);
        if (node.empty() || node.isParent()) return;
        const { x, y } = (node as NodeSingular).position();
        if (x === at.x && y === at.y) return;
        if (isStill) (node as NodeSingular).position({ ...at });
        else node.animate({ position: { ...at } }, { duration: ANIMATION_MS, easing: 'ease-out-cubic' });
      });
      await inSlices(jobs, job);
    },

    /** Centres of all nodes, and of boxes too, so that a box that is closed later keeps its place. */
    positions(): Map<string, Point> {
      if (painted.isOn) return painted.positions();
      const places = new Map<string, Point>();
      cy.nodes().forEach((node) => {
        places.set(node.id(), { ...node.position() });
      });
      return places;
    },

    /** Marks the chosen element; moves it into view when it is outside. */
    choose(id: string | undefined, reveal: boolean): void {
      cy.elements('.chosen').removeClass('chosen');
      if (painted.isOn) painted.choose(id);
      if (id === undefined) return;
      const element = cy.getElementById(id);
      if (element.empty()) return;
      element.addClass('chosen');
      if (!reveal || element.isEdge()) return;
      const view = cy.extent();
      const at = painted.isOn ? painted.boundsOf(id) : toBounds(cy.getElementById(id).boundingBox({}));
      if (at === undefined || (at.right >= view.x1 && at.left <= view.x2 && at.bottom >= view.y1 && at.top <= view.y2)) return;
      const { x, y } = centreOf(at);
      const pan = { x: cy.width() / 2 - x * cy.zoom(), y: cy.height() / 2 - y * cy.zoom() };
      cy.animate({ pan }, { duration: ANIMATION_MS });
    },

    retheme(): void {
      cy.style(toStylesheet(readTheme(container)));
      if (painted.isOn) painted.retheme();
    },
    /** Shows the whole map; with `readable`, on a narrow screen, only as much of it as names can still be read. */
    fit(glide = true, readable = false): void {
      if (cy.elements().empty()) return;
      hasLooked = false;
      const { left, top, right, bottom } = total();
      const [width, height] = [cy.width(), cy.height()];
      const least = readable && width < NARROW_PX ? READABLE_ZOOM : cy.minZoom();
      const whole = Math.min((width - 2 * FIT_PADDING) / (right - left), (height - 2 * FIT_PADDING) / (bottom - top));
      const zoom = Math.max(least, Math.min(maxFitZoom(width), whole));
      const view = { zoom, pan: { x: (width - zoom * (left + right)) / 2, y: (height - zoom * (top + bottom)) / 2 } };
      if (!glide || matchMedia('(prefers-reduced-motion: reduce)').matches) cy.viewport(view);
      else cy.animate(view, { duration: ANIMATION_MS });
    },
    /** Shows a box that was opened from so far away that nobody could read what is in it. */
    lookInto(id: string): void {
      const at = painted.isOn ? painted.boundsOf(id) : undefined;
      if (at === undefined || cy.zoom() >= READABLE_ZOOM) return;
      const { x, y } = centreOf(at);
      const whole = Math.min((cy.width() - 2 * FIT_PADDING) / (at.right - at.left), (cy.height() - 2 * FIT_PADDING) / (at.bottom - at.top));
      const zoom = Math.min(maxFitZoom(cy.width()), whole);
      hasLooked = true;
      const view = { zoom, pan: { x: cy.width() / 2 - x * zoom, y: cy.height() / 2 - y * zoom } };
      if (matchMedia('(prefers-reduced-motion: reduce)').matches) cy.viewport(view);
      else cy.animate(view, { duration: ANIMATION_MS });
    },
    zoomBy(factor: number): void {
      hasLooked = true;
      cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    },
    panBy(x: number, y: number): void {
      hasLooked = true;
      cy.panBy({ x, y });
    },
    /** The room changed: shows the whole map again, unless the user has chosen what to look at. */
    resize(): void {
      cy.resize();
      if (!hasLooked) this.fit(false, true);
    },
    toPng(): Promise<Blob> {
      if (painted.isOn) return painted.toPng();
      return cy.png({
        output: 'blob-promise',
        full: true,
        scale: 2,
        maxWidth: 8_000,
        maxHeight: 8_000,
        bg: readTheme(container).background,
      });
    },
    stop(): void {
      job += 1;
      painted.end();
      cy.destroy();
    },
  };
}

export type GraphRenderer = ReturnType<typeof createGraphRenderer>;

function listen(cy: Core, events: RendererEvents, painted: PaintedMap): void {
  cy.on('tap', ({ target }: EventObject) => {
    if (target === cy) events.onSelect(undefined);
    else events.onSelect({ type: target.isNode() ? 'node' : 'edge', id: target.id() });
  });
  cy.on('dbltap', 'node.group, node.box', ({ target }: EventObject) => events.onToggle(target.id()));
  cy.on('dragfree', 'node', () => events.onMoved());
  // What is marked is remembered, or it would have to be looked for at each move of the mouse.
  let near = cy.collection();
  let faded = cy.collection();
  cy.on('mouseover', 'node.peer, edge', ({ target }: EventObject) => {
    near = target.isNode() ? target.closedNeighborhood() : target.union(target.connectedNodes());
    if (painted.isOn) return painted.setNear(near.map((element) => element.id()));
    cy.batch(() => {
      faded = cy.elements().not(near).not(near.ancestors()).not('.box').addClass('faded');
      near.addClass('near');
    });
  });
  cy.on('mouseout', 'node.peer, edge', () => {
    if (painted.isOn) painted.setNear([]);
    cy.batch(() => {
      faded.removeClass('faded');
      near.removeClass('near');
    });
    [near, faded] = [cy.collection(), cy.collection()];
  });
}

function maxFitZoom(width: number): number {
  return Math.max(MAX_FIT_ZOOM.least, Math.min(MAX_FIT_ZOOM.most, width * MAX_FIT_ZOOM.perPx));
}

/** On a large map boxes are everywhere: a drag there moves the map, not the box. */
function setBackground(cy: Core, on: boolean): void {
  const boxes = cy.nodes('.box');
  if (on) boxes.panify().ungrabify();
  else boxes.unpanify().grabify();
}

function toBounds({ x1, x2, y1, y2 }: { x1: number; x2: number; y1: number; y2: number }): Bounds {
  return { left: x1, right: x2, top: y1, bottom: y2 };
}
