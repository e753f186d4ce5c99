import type { GraphElements } from '../graph/elements.ts';
import type { Point } from '../graph/packed-layout.ts';
import type { LayoutAnswer, LayoutRequest } from './messages.ts';

/** Larger maps keep the packed layout: a force-directed one would take longer than anybody waits. */
export const MAX_LAYOUT_NODES = 600;
const TIMEOUT_MS = 15_000;

/** Asks the layout worker, which is loaded with the first question. A new question gives up the one before. */
export function createLayoutClient() {
  let worker: Worker | undefined;
  let nextId = 0;
  let giveUp: (() => void) | undefined;

  return {
    /** Centres of all nodes; undefined when it was given up, took too long or could not start. */
    layout(elements: GraphElements, start: ReadonlyMap<string, Point>): Promise<Map<string, Point> | undefined> {
      giveUp?.();
      nextId += 1;
      const id = nextId;
      const active = (worker ??= new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' }));
      return new Promise((resolve) => {
        const finish = (places: Map<string, Point> | undefined): void => {
          clearTimeout(timer);
          active.removeEventListener('message', receive);
          active.removeEventListener('error', stop);
          giveUp = undefined;
          resolve(places);
        };
        const receive = ({ data }: MessageEvent<LayoutAnswer>): void => {
          if (data.id === id) finish(new Map(data.places.map(([node, x, y]) => [node, { x, y }])));
        };
        const stop = (): void => {
          active.terminate();
          if (worker === active) worker = undefined;
          finish(undefined);
        };
        const timer = setTimeout(stop, TIMEOUT_MS);
        giveUp = stop;
        active.addEventListener('message', receive);
        active.addEventListener('error', stop);
        active.postMessage(toRequest(id, elements, start));
      });
    },
    stop(): void {
      giveUp?.();
      worker?.terminate();
      worker = undefined;
    },
  };
}

export type LayoutClient = ReturnType<typeof createLayoutClient>;

function toRequest(id: number, elements: GraphElements, start: ReadonlyMap<string, Point>): LayoutRequest {
  return {
    id,
    nodes: [...elements.nodes.values()].map(({ id: node, parent, width, height }) => ({
      id: node,
      ...(parent === undefined ? {} : { parent }),
      ...(width === undefined || height === undefined ? {} : { width, height }),
      ...(start.get(node) ?? { x: 0, y: 0 }),
    })),
    edges: [...elements.edges.values()].map(({ source, target }) => ({ source, target })),
  };
}
