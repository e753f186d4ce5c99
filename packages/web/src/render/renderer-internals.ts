import type { Core, EdgeSingular, NodeSingular } from 'cytoscape';
import type { GraphElements } from '../graph/elements.ts';
import { createHitIndex } from './hit-index.ts';
import type { HitIndex } from './hit-index.ts';

/** Full quality comes back so long after the last turn of the wheel. */
const WHEEL_QUIET_MS = 450;

/**
 * While the wheel turns, the library moves a picture of the map, but gives that up after 150 ms without an event, which
 * on a large map and a slow machine pass between two events: it would draw everything each time.
 */
export function holdTextureWhileZooming(cy: Core, container: HTMLElement): void {
  container.addEventListener('wheel', () => {
    const { data, redrawHint, redraw } = rendererOf(cy);
    if (data?.wheelZooming !== true) return;
    clearTimeout(data.wheelTimeout);
    data.wheelTimeout = setTimeout(() => {
      data.wheelZooming = false;
      redrawHint?.call(rendererOf(cy), 'eles', true);
      redraw?.call(rendererOf(cy));
    }, WHEEL_QUIET_MS);
  });
}

type FindElements = (
  this: CanvasRenderer,
  x: number,
  y: number,
  interactiveOnly?: boolean,
  isTouch?: boolean,
) => (NodeSingular | EdgeSingular)[];

/** Parts of the library's renderer that its types leave out; all optional, because another version may lack them. */
interface CanvasRenderer {
  render?: (this: CanvasRenderer, options?: unknown) => void;
  textureOnViewport?: boolean;
  findNearestElements?: FindElements;
  readonly data?: { wheelZooming?: boolean; wheelTimeout?: ReturnType<typeof setTimeout> };
  readonly redrawHint?: (this: CanvasRenderer, group: string, on: boolean) => void;
  readonly redraw?: (this: CanvasRenderer) => void;
}

function rendererOf(cy: Core): CanvasRenderer {
  return (cy as unknown as { renderer(): CanvasRenderer }).renderer();
}

/** Stops and resumes drawing: an own `render` hides the one of the prototype. */
export function setSuspended(cy: Core, on: boolean): void {
  const renderer = rendererOf(cy);
  if (on) {
    renderer.render = () => undefined;
    return;
  }
  if (!Object.hasOwn(renderer, 'render')) return;
  delete renderer.render;
  renderer.redrawHint?.('eles', true);
  renderer.redraw?.();
}

/** The renderer's own switch; the option can only be given at the start, and a small map is sharper without it. */
export function setTexture(cy: Core, on: boolean): void {
  rendererOf(cy).textureOnViewport = on;
}

/** Reach of a pointer and of a finger around nodes and edges, pixels on the screen; the library's own. */
const POINTER = { node: 2, edge: 8 };
const FINGER = { node: 8, edge: 24 };

/**
 * Answers "what is under the pointer" from an index of plain numbers while `isActive`: the library's own search takes a
 * tenth of a second on a map of some thousand elements, at each move of the mouse.
 */
export function setHitSearch(cy: Core, getElements: () => GraphElements, isActive: () => boolean): void {
  const renderer = rendererOf(cy);
  const original = renderer.findNearestElements;
  if (original === undefined) return;
  let index: HitIndex | undefined;
  cy.on('add remove position', () => {
    index = undefined;
  });
  renderer.findNearestElements = function findNearestElements(x, y, interactiveOnly, isTouch) {
    if (!isActive()) return original.call(this, x, y, interactiveOnly, isTouch);
    index ??= createHitIndex(getElements(), (id) => {
      const node = cy.getElementById(id);
      return node.empty() ? undefined : node.position();
    });
    const reach = isTouch === true ? FINGER : POINTER;
    const found = index.find(x, y, { node: reach.node / cy.zoom(), edge: reach.edge / cy.zoom() });
    return found.flatMap((id) => [...cy.getElementById(id)] as (NodeSingular | EdgeSingular)[]);
  };
}
