import type { Core, EdgeSingular, NodeSingular } from 'cytoscape';
import type { HitIndex } from './hit-index.ts';

type FindElements = (
  this: CanvasRenderer,
  x: number,
  y: number,
  interactiveOnly?: boolean,
  isTouch?: boolean,
) => (NodeSingular | EdgeSingular)[];

type Elements = (NodeSingular | EdgeSingular)[];
/** In the order in which the library draws them. */
type SortedElements = Elements & { interactive?: Elements; drag?: Elements; nondrag?: Elements };

/** Parts of the library's renderer that its types leave out; all optional, because another version may lack them. */
interface CanvasRenderer {
  render?: (this: CanvasRenderer, options?: unknown) => void;
  findNearestElements?: FindElements;
  readonly redrawHint?: (this: CanvasRenderer, group: string, on: boolean) => void;
  readonly redraw?: (this: CanvasRenderer) => void;
  readonly getPixelRatio?: (this: CanvasRenderer) => number;
  readonly matchCanvasSize?: (this: CanvasRenderer, container: unknown) => void;
  readonly container?: unknown;
  prevPxRatio?: number;
  readonly canvasWidth?: number;
  readonly canvasHeight?: number;
  readonly NODE?: number;
  readonly DRAG?: number;
  readonly data?: { readonly contexts?: readonly CanvasRenderingContext2D[] };
  getCachedZSortedEles?: (this: CanvasRenderer) => SortedElements;
  cachedZSortedEles?: SortedElements | undefined;
  beforeRenderCallbacks?: readonly { readonly priority: number }[];
  readonly beforeRenderPriorities?: { readonly animations?: number };
}

function rendererOf(cy: Core): CanvasRenderer {
  return (cy as unknown as { renderer(): CanvasRenderer }).renderer();
}

/** The canvas as an own drawing gets it: cleared, without a transformation. Sizes are pixels of the screen. */
export interface RawCanvas {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** Pixels of the screen per pixel of the page. */
  readonly ratio: number;
}

const callbacks = new WeakMap<CanvasRenderer, CanvasRenderer['beforeRenderCallbacks']>();

/**
 * Lets `draw` fill the canvas instead of the library, whose own drawing and the styles and bounds that it computes for
 * it before each frame take a tenth of a second and more on maps of a thousand elements. An own `render` hides the one
 * of the prototype; of what runs before each frame only animations stay.
 */
export function setDrawing(cy: Core, draw: ((canvas: RawCanvas) => void) | undefined): void {
  const renderer = rendererOf(cy);
  if (draw === undefined) {
    if (!Object.hasOwn(renderer, 'render')) return;
    delete renderer.render;
    delete renderer.getCachedZSortedEles;
    renderer.cachedZSortedEles = undefined;
    const before = callbacks.get(renderer);
    if (before !== undefined) renderer.beforeRenderCallbacks = before;
    callbacks.delete(renderer);
    renderer.redrawHint?.('eles', true);
    renderer.redraw?.();
    return;
  }
  if (!callbacks.has(renderer)) {
    callbacks.set(renderer, renderer.beforeRenderCallbacks);
    const animations = renderer.beforeRenderPriorities?.animations ?? 400;
    renderer.beforeRenderCallbacks = (renderer.beforeRenderCallbacks ?? []).filter(({ priority }) => priority >= animations);
  }
  // After each drag the library goes over all elements, and would sort them by their styles first: seconds, on a large map.
  renderer.getCachedZSortedEles = () => {
    const all: Elements = cy.elements().toArray();
    return Object.assign(all, { interactive: all, drag: [], nondrag: all });
  };
  renderer.render = function render() {
    const ratio = this.getPixelRatio?.() ?? 1;
    if (this.prevPxRatio !== ratio) this.matchCanvasSize?.(this.container);
    this.prevPxRatio = ratio;
    const [width, height] = [this.canvasWidth ?? 0, this.canvasHeight ?? 0];
    for (const layer of [this.DRAG, this.NODE]) {
      const context = layer === undefined ? undefined : this.data?.contexts?.[layer];
      if (context === undefined) continue;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      if (layer === this.NODE && width > 0 && height > 0) draw({ context, width, height, ratio });
    }
  };
  renderer.redraw?.();
}

/** Asks for a frame. */
export function redraw(cy: Core): void {
  rendererOf(cy).redraw?.();
}

/** Reach of a pointer and of a finger around nodes and edges, pixels on the screen; the library's own. */
const POINTER = { node: 2, edge: 8 };
const FINGER = { node: 8, edge: 24 };

/** Answers "what is under the pointer" from an index of plain numbers, while there is one, instead of the library's search. */
export function setHitSearch(cy: Core, getIndex: () => HitIndex | undefined): void {
  const renderer = rendererOf(cy);
  const original = renderer.findNearestElements;
  if (original === undefined) return;
  renderer.findNearestElements = function findNearestElements(x, y, interactiveOnly, isTouch) {
    const index = getIndex();
    if (index === undefined) return original.call(this, x, y, interactiveOnly, isTouch);
    const reach = isTouch === true ? FINGER : POINTER;
    const found = index.find(x, y, { node: reach.node / cy.zoom(), edge: reach.edge / cy.zoom() });
    return found.flatMap((id) => [...cy.getElementById(id)] as (NodeSingular | EdgeSingular)[]);
  };
}
