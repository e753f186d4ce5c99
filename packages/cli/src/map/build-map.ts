import type { BuildMap } from './map-contract.ts';

/** Loads what reads captures and dumps only when a map is built. */
export const buildMap: BuildMap = async (options, hooks) => (await import('./map-from-files.ts')).mapFromFiles(options, hooks);
