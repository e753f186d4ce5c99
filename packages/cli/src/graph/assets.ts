import { readFile } from 'node:fs/promises';

/** Folder of the bundle's assets, relative to it, or `sea:` in a single executable; put in by the build, absent in a checkout. */
declare const NM_ASSETS: string | undefined;

/** Files that pictures need, each with the module that brings it in a checkout. */
export const ASSETS = {
  'DejaVuSans.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  'DejaVuSans-Bold.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
  'resvg.wasm': '@resvg/resvg-wasm/index_bg.wasm',
} as const;

export async function loadAsset(name: keyof typeof ASSETS): Promise<Uint8Array> {
  if (typeof NM_ASSETS !== 'undefined' && NM_ASSETS === 'sea:') {
    const { getRawAsset } = await import('node:sea');
    return new Uint8Array(getRawAsset(name) as ArrayBuffer);
  }
  const url = typeof NM_ASSETS === 'undefined' ? import.meta.resolve(ASSETS[name]) : new URL(NM_ASSETS + name, import.meta.url);
  return await readFile(new URL(url));
}
