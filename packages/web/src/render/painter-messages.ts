import type { GraphElements } from '../graph/elements.ts';
import type { Palette } from '../graph/looks.ts';
import type { Point } from '../graph/packed-layout.ts';
import type { PictureMarks, PictureView } from './paint-map.ts';

/** What the page tells the painting worker, and asks of it. */
export type PainterRequest =
  | { readonly type: 'scene'; readonly scene: number; readonly elements: GraphElements; readonly places: ReadonlyMap<string, Point> }
  | { readonly type: 'move'; readonly places: ReadonlyMap<string, Point> }
  | { readonly type: 'palette'; readonly palette: Palette }
  | { readonly type: 'marks'; readonly marks: PictureMarks }
  | { readonly type: 'paint'; readonly view: PictureView }
  | { readonly type: 'png'; readonly view: PictureView };

/** A picture as it was asked for, or a PNG of one. */
export type PainterAnswer =
  | { readonly type: 'picture'; readonly scene: number; readonly view: PictureView; readonly picture: ImageBitmap }
  | { readonly type: 'png'; readonly blob: Blob };
