import { AppError } from '@nm/core';
import { BOLD_FAMILY, FONT_FAMILY } from './dot.ts';
import { loadAsset } from './assets.ts';

/** Bounds of a picture: what image viewers still open, and about 200 MB while drawing. */
export const MAX_PIXELS = 50_000_000;
export const MAX_SIDE_PIXELS = 16_000;
/** More lines than this nobody can read, and their layout takes long. */
export const MAX_DRAWN_EDGES = 2000;
/** Pixels for each of the drawing's own, where the bounds allow it. */
const SHARPNESS = 1.5;
const JPEG_QUALITY = 90;

export async function renderSvg(dot: string): Promise<string> {
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz');
  const graphviz = await Graphviz.load();
  try {
    const svg = graphviz.layout(dot, 'svg', 'dot');
    return svg
      .replaceAll(`font-family="${BOLD_FAMILY}"`, `font-family="${FONT_FAMILY}, sans-serif" font-weight="bold"`)
      .replaceAll(`font-family="${FONT_FAMILY}"`, `font-family="${FONT_FAMILY}, sans-serif"`);
  } catch (error) {
    throw new AppError(
      'TOO_LARGE',
      `the picture cannot be laid out (${error instanceof Error ? error.message.split('\n')[0] : 'layout failed'}): draw less (-n, --workload), or write --format dot`,
      {
        cause: error,
      },
    );
  }
}

export async function renderRaster(svg: string, format: 'png' | 'jpg'): Promise<Uint8Array> {
  const [{ initWasm, Resvg }, wasm, regular, bold] = await Promise.all([
    import('@resvg/resvg-wasm'),
    loadAsset('resvg.wasm'),
    loadAsset('DejaVuSans.ttf'),
    loadAsset('DejaVuSans-Bold.ttf'),
  ]);
  await initWasmOnce(initWasm, wasm);
  const font = { fontBuffers: [regular, bold], defaultFontFamily: FONT_FAMILY, sansSerifFamily: FONT_FAMILY };
  const natural = new Resvg(svg, { font });
  const scale = scaleFor(natural.width, natural.height);
  natural.free();
  const drawing = new Resvg(svg, { font, background: '#ffffff', fitTo: { mode: 'zoom', value: scale } });
  const image = drawing.render();
  try {
    if (format === 'png') return image.asPng();
    const { encodeJpeg } = await import('./encode-jpeg.ts');
    return encodeJpeg({ data: image.pixels, width: image.width, height: image.height }, JPEG_QUALITY).data;
  } finally {
    image.free();
    drawing.free();
  }
}

/** Sharp where possible, smaller where the bounds ask for it. */
export function scaleFor(width: number, height: number): number {
  return Math.min(SHARPNESS, MAX_SIDE_PIXELS / width, MAX_SIDE_PIXELS / height, Math.sqrt(MAX_PIXELS / (width * height)));
}

let initialised: Promise<void> | undefined;

/** The module refuses to be initialised twice in a process. */
async function initWasmOnce(init: (wasm: BufferSource) => Promise<void>, wasm: Uint8Array): Promise<void> {
  initialised ??= init(wasm as Uint8Array<ArrayBuffer>);
  await initialised;
}
