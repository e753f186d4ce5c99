import type { GraphElements } from '../graph/elements.ts';
import type { Palette } from '../graph/looks.ts';
import type { Point } from '../graph/packed-layout.ts';
import { paintMap } from './paint-map.ts';
import type { PictureMarks, PictureView } from './paint-map.ts';
import type { PainterAnswer, PainterRequest } from './painter-messages.ts';

/** Paints large maps away from the page's own thread. */
let elements: GraphElements = { nodes: new Map(), edges: new Map() };
let scene = 0;
let places = new Map<string, Point>();
let palette: Palette | undefined;
let marks: PictureMarks = { near: new Set() };

function paint(view: PictureView, isOpaque: boolean): OffscreenCanvas {
  const canvas = new OffscreenCanvas(Math.max(1, view.width), Math.max(1, view.height));
  const context = canvas.getContext('2d');
  if (context === null || palette === undefined) return canvas;
  if (isOpaque) {
    context.fillStyle = palette.background;
    context.fillRect(0, 0, view.width, view.height);
  }
  paintMap(context, elements, places, palette, view, marks);
  return canvas;
}

function answer(message: PainterAnswer, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

addEventListener('message', ({ data }: MessageEvent<PainterRequest>) => {
  switch (data.type) {
    case 'scene':
      ({ elements, scene } = data);
      places = new Map(data.places);
      return;
    case 'move':
      for (const [id, at] of data.places) places.set(id, at);
      return;
    case 'palette':
      ({ palette } = data);
      return;
    case 'marks':
      ({ marks } = data);
      return;
    case 'paint': {
      const picture = paint(data.view, false).transferToImageBitmap();
      return answer({ type: 'picture', scene, view: data.view, picture }, [picture]);
    }
    case 'png':
      void paint(data.view, true)
        .convertToBlob({ type: 'image/png' })
        .then((blob) => answer({ type: 'png', blob }));
  }
});
