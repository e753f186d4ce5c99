import cytoscape from 'cytoscape';
import type { Core, ElementDefinition, EventObject, NodeSingular } from 'cytoscape';
import { diffElements } from '../graph/elements.ts';
import type { EdgeElement, GraphElements, NodeElement } from '../graph/elements.ts';
import type { Point } from '../graph/packed-layout.ts';
import { nextTask } from './next-task.ts';
import { holdTextureWhileZooming, setHitSearch, setSuspended, setTexture } from './renderer-internals.ts';
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

/** Elements changed in one go; more are spread over several tasks so that the page stays responsive. */
const SLICE = 100;
/** From here on panning moves a picture of the map and edges are straight. */
const MANY_ELEMENTS = 350;
/** Above it only neighbours are marked on hover; fading all others would cost too long a task. */
const FADE_LIMIT = 1_500;
const ANIMATION_MS = 320;
/** A telephone's screen, and the zoom from which its reader can tell names. */
const NARROW_PX = 600;
const READABLE_ZOOM = 0.6;

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
  let drawn: { nodes: Map<string, NodeElement>; edges: Map<string, EdgeElement> } = { nodes: new Map(), edges: new Map() };
  let job = 0;
  let hasLooked = false;
  cy.on('dragpan scrollzoom pinchzoom', () => {
    hasLooked = true;
  });
  listen(cy, events, () => drawn.nodes.size + drawn.edges.size);
  holdTextureWhileZooming(cy, container);
  setHitSearch(
    cy,
    () => drawn,
    () => drawn.nodes.size + drawn.edges.size > MANY_ELEMENTS,
  );

  /** Runs pieces of work with a pause after each slice; gives up when a newer picture comes. */
  async function inSlices<T>(items: readonly T[], mine: number, work: (slice: readonly T[]) => void): Promise<boolean> {
    for (let start = 0; start < items.length; start += SLICE) {
      if (job !== mine) return false;
      cy.batch(() => work(items.slice(start, start + SLICE)));
      if (start + SLICE < items.length) await nextTask();
    }
    return job === mine;
  }

  return {
    /** Brings the canvas to the given picture. Resolves true when it is complete, false when a newer one overtook it. */
    async show(next: GraphElements, positions: ReadonlyMap<string, Point>): Promise<boolean> {
      job += 1;
      const mine = job;
      const change = diffElements(drawn, next);
      const isMany = next.nodes.size + next.edges.size > MANY_ELEMENTS;
      setTexture(cy, isMany);
      const removed = [...change.removedEdges, ...change.removedNodes];
      const changes = removed.length + change.addedNodes.length + change.addedEdges.length + change.changedNodes.length;
      // Between slices nothing is drawn: half a map is of no use, and drawing takes longer than building.
      setSuspended(cy, changes > SLICE);
      const ok =
        (await inSlices(change.removedEdges, mine, (ids) => remove(cy, ids, drawn))) &&
        (await inSlices(change.addedNodes.toSorted(boxesFirst(next)), mine, (nodes) => {
          cy.add(nodes.map((node) => toNodeDefinition(node, positions)));
          for (const node of nodes) drawn.nodes.set(node.id, node);
        })) &&
        (await inSlices(change.changedNodes, mine, (nodes) => {
          for (const node of nodes) updateNode(cy, node, drawn);
        })) &&
        (await inSlices(change.removedNodes, mine, (ids) => remove(cy, ids, drawn))) &&
        (await inSlices(change.addedEdges, mine, (edges) => {
          cy.add(edges.map((edge) => toEdgeDefinition(edge, isMany)));
          for (const edge of edges) drawn.edges.set(edge.id, edge);
        })) &&
        (await inSlices(change.changedEdges, mine, (edges) => {
          for (const edge of edges) {
            cy.getElementById(edge.id).data('width', edge.width).classes(edgeClasses(edge, isMany));
            drawn.edges.set(edge.id, edge);
          }
        }));
      if (!ok) return false;
      setBackground(cy, isMany);
      setSuspended(cy, false);
      container.dataset['elements'] = String(cy.elements().length);
      container.dataset['removed'] = String(removed.length);
      return true;
    },

    /** Moves nodes to their places, gliding when asked to. */
    place(positions: ReadonlyMap<string, Point>, glide: boolean): void {
      const isStill = !glide || matchMedia('(prefers-reduced-motion: reduce)').matches || cy.nodes().length > FADE_LIMIT;
      cy.batch(() => {
        for (const [id, at] of positions) {
          const node = cy.getElementById(id);
          if (node.empty() || node.isParent()) continue;
          if (isStill) node.position({ ...at });
          else node.animate({ position: { ...at } }, { duration: ANIMATION_MS, easing: 'ease-out-cubic' });
        }
      });
    },

    /** Centres of all nodes, and of boxes too, so that a box that is closed later keeps its place. */
    positions(): Map<string, Point> {
      const places = new Map<string, Point>();
      cy.nodes().forEach((node) => {
        places.set(node.id(), { ...node.position() });
      });
      return places;
    },

    /** Marks the chosen element; moves it into view when it is outside. */
    choose(id: string | undefined, reveal: boolean): void {
      cy.elements('.chosen').removeClass('chosen');
      if (id === undefined) return;
      const element = cy.getElementById(id);
      if (element.empty()) return;
      element.addClass('chosen');
      const [box, view] = [element.boundingBox({}), cy.extent()];
      if (reveal && (box.x2 < view.x1 || box.x1 > view.x2 || box.y2 < view.y1 || box.y1 > view.y2)) {
        cy.animate({ center: { eles: element } }, { duration: ANIMATION_MS });
      }
    },

    retheme(): void {
      cy.style(toStylesheet(readTheme(container)));
    },
    /** Shows the whole map; with `readable`, on a narrow screen, only as much of it as names can still be read. */
    fit(glide = true, readable = false): void {
      if (cy.elements().empty()) return;
      hasLooked = false;
      const before = { zoom: cy.zoom(), pan: { ...cy.pan() } };
      cy.fit(undefined, 36);
      const least = readable && cy.width() < NARROW_PX ? READABLE_ZOOM : 0;
      if (cy.zoom() > 1.25 || cy.zoom() < least) {
        cy.zoom(cy.zoom() > 1.25 ? 1.25 : least);
        cy.center();
      }
      if (!glide || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
      const after = { zoom: cy.zoom(), pan: { ...cy.pan() } };
      cy.viewport(before);
      cy.animate(after, { duration: ANIMATION_MS });
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
    /** Where an element is on the page, for tests and for the keyboard. */
    renderedPosition(id: string): Point | undefined {
      const element = cy.getElementById(id);
      if (element.empty()) return undefined;
      return element.isEdge() ? { ...element.renderedMidpoint() } : { ...(element as NodeSingular).renderedPosition() };
    },
    toPng(): Promise<Blob> {
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
      cy.destroy();
    },
  };
}

export type GraphRenderer = ReturnType<typeof createGraphRenderer>;

function listen(cy: Core, events: RendererEvents, countDrawn: () => number): void {
  cy.on('tap', ({ target }: EventObject) => {
    if (target === cy) events.onSelect(undefined);
    else events.onSelect({ type: target.isNode() ? 'node' : 'edge', id: target.id() });
  });
  cy.on('dbltap', 'node.group, node.box', ({ target }: EventObject) => events.onToggle(target.id()));
  cy.on('dragfree', 'node', () => events.onMoved());
  // What is marked is remembered: looking for it among thousands at each move of the mouse would take longer than a frame.
  let near = cy.collection();
  let faded = cy.collection();
  cy.on('mouseover', 'node.peer, edge', ({ target }: EventObject) => {
    near = target.isNode() ? target.closedNeighborhood() : target.union(target.connectedNodes());
    cy.batch(() => {
      if (countDrawn() <= FADE_LIMIT) faded = cy.elements().not(near).not(near.ancestors()).not('.box').addClass('faded');
      near.addClass('near');
    });
  });
  cy.on('mouseout', 'node.peer, edge', () => {
    cy.batch(() => {
      faded.removeClass('faded');
      near.removeClass('near');
    });
    [near, faded] = [cy.collection(), cy.collection()];
  });
}

function toNodeDefinition(
  { id, parent, label, classes, width, height }: NodeElement,
  positions: ReadonlyMap<string, Point>,
): ElementDefinition {
  const data = { id, label, ...(parent === undefined ? {} : { parent }), ...(width === undefined ? {} : { width, height }) };
  const at = positions.get(id);
  return { group: 'nodes', data, classes, ...(width === undefined || at === undefined ? {} : { position: { ...at } }) };
}

function toEdgeDefinition(edge: EdgeElement, isMany: boolean): ElementDefinition {
  const { id, source, target, width } = edge;
  return { group: 'edges', data: { id, source, target, width }, classes: edgeClasses(edge, isMany) };
}

function edgeClasses({ classes }: EdgeElement, isMany: boolean): string {
  return isMany ? `${classes} many` : classes;
}

/** On a large map boxes are everywhere: a drag there moves the map, not the box. */
function setBackground(cy: Core, on: boolean): void {
  const boxes = cy.nodes('.box');
  if (on) boxes.panify().ungrabify();
  else boxes.unpanify().grabify();
}

/** Parents must exist before what is in them. */
function boxesFirst({ nodes }: GraphElements): (a: NodeElement, b: NodeElement) => number {
  const depth = (node: NodeElement): number => {
    let [levels, parent] = [node.width === undefined ? 0 : 100, node.parent];
    for (; parent !== undefined; parent = nodes.get(parent)?.parent) levels += 1;
    return levels;
  };
  return (a, b) => depth(a) - depth(b);
}

function updateNode(cy: Core, node: NodeElement, drawn: { readonly nodes: Map<string, NodeElement> }): void {
  const element = cy.getElementById(node.id);
  const old = drawn.nodes.get(node.id);
  if (old?.parent !== node.parent) element.move({ parent: node.parent ?? null });
  element.data({ label: node.label, width: node.width, height: node.height }).classes(node.classes);
  drawn.nodes.set(node.id, node);
}

function remove(
  cy: Core,
  ids: readonly string[],
  drawn: { readonly nodes: Map<string, NodeElement>; readonly edges: Map<string, EdgeElement> },
): void {
  for (const id of ids) {
    const element = cy.getElementById(id);
    // What stays must not go down with its box.
    if (element.isParent()) element.children().move({ parent: null });
    element.remove();
    drawn.nodes.delete(id);
    drawn.edges.delete(id);
  }
}
