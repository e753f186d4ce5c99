export { MAX_DOCUMENT_BYTES, MAX_LINE_CHARACTERS } from './dump/read-text.ts';
export type { DumpErrorCode } from './dump/dump-error.ts';
export { loadDumps, readDumps } from './dump/load-dumps.ts';
export type { LoadDumpsOptions } from './dump/load-dumps.ts';
export type { DumpTrouble, DumpWarning } from './dump/warnings.ts';
export { toClusterChanges } from './objects/to-cluster-changes.ts';
export type { ObjectContext, ObjectTrouble } from './objects/to-cluster-changes.ts';
