import type { Part } from './parts.ts';

/** In place of parts.ts in the single executable: it holds the commands of a laptop, no parts and no native files. */
export const PARTS: readonly Part[] = [];
export const capture = undefined;
