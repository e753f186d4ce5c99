import type { GraphElements } from '../graph/elements.ts';
import type { Palette } from '../graph/looks.ts';
import type { Point } from '../graph/packed-layout.ts';
import type { PictureMarks, PictureView } from './paint-map.ts';
import type { PainterAnswer, PainterRequest } from './painter-messages.ts';

/**
 * Pictures of large maps, painted by a worker. What is asked while one is painted waits, the newest alone: at most one
 * picture is being painted, one view waits and one picture is shown.
 */
export function createMapPainter(onPicture: () => void, onFailure: () => void) {
  let worker: Worker | undefined;
  let shown: { readonly scene: number; readonly view: PictureView; readonly picture: ImageBitmap } | undefined;
  let scene = 0;
  let settled: (() => void)[] = [];
  let isPainting = false;
  let waiting: PictureView | undefined;
  const pngs: ((blob: Blob) => void)[] = [];

  const receive = ({ data }: MessageEvent<PainterAnswer>): void => {
    if (data.type === 'png') return pngs.shift()?.(data.blob);
    shown?.picture.close();
    shown = data;
    isPainting = false;
    if (waiting !== undefined) ask(waiting);
    onPicture();
    if (data.scene === scene) settle();
  };
  const settle = (): void => {
    for (const tell of settled) tell();
    settled = [];
  };
  const send = (message: PainterRequest): void => {
    if (worker === undefined) {
      worker = new Worker(new URL('./painter-worker.ts', import.meta.url), { type: 'module' });
      worker.addEventListener('message', receive);
      worker.addEventListener('error', onFailure);
    }
    worker.postMessage(message);
  };
  const ask = (view: PictureView): void => {
    waiting = undefined;
    isPainting = true;
    send({ type: 'paint', view });
  };

  return {
    show(elements: GraphElements, places: ReadonlyMap<string, Point>): void {
      scene += 1;
      send({ type: 'scene', scene, elements, places });
    },
    /** Resolves when a picture of what was given last is there, or none will come. */
    whenShown(): Promise<void> {
      if (shown?.scene === scene) return Promise.resolve();
      return new Promise((resolve) => settled.push(resolve));
    },
    move: (places: ReadonlyMap<string, Point>): void => send({ type: 'move', places }),
    colour: (palette: Palette): void => send({ type: 'palette', palette }),
    mark: (marks: PictureMarks): void => send({ type: 'marks', marks }),
    /** Asks for a picture; `onPicture` is called when it is there. */
    request(view: PictureView): void {
      if (isPainting) waiting = view;
      else ask(view);
    },
    picture: () => shown,
    toPng(view: PictureView): Promise<Blob> {
      return new Promise((resolve) => {
        pngs.push(resolve);
        send({ type: 'png', view });
      });
    },
    stop(): void {
      worker?.terminate();
      worker = undefined;
      shown?.picture.close();
      [shown, waiting, isPainting] = [undefined, undefined, false];
      settle();
    },
  };
}
