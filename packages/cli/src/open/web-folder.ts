import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Put in by tools/build.ts, absent in a checkout. */
declare const NM_ASSETS: string | undefined;

/** Folder of the built web UI; undefined where there is none (a single executable, a checkout that was not built). */
export function findWebFolder(): string | undefined {
  if (typeof NM_ASSETS !== 'undefined' && NM_ASSETS === 'sea:') return undefined;
  const folder = fileURLToPath(new URL(typeof NM_ASSETS === 'undefined' ? '../../../web/dist/' : './web/', import.meta.url));
  return existsSync(`${folder}index.html`) ? folder : undefined;
}
