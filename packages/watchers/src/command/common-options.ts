import { KUBE_OPTIONS, REPORTER_OPTIONS, SERVICE_OPTIONS } from '@nm/runtime';

/** For an argument that is no flag. */
export const FILES_BY_FLAG = '; files are given with --file';

/** Options that both watchers have. */
export const WATCHER_OPTIONS = { ...REPORTER_OPTIONS, ...KUBE_OPTIONS, ...SERVICE_OPTIONS } as const;
