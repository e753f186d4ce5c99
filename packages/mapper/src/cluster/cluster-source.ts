import type { ClusterChange, Logger } from '@nm/core';
import { loadDumps } from '@nm/kube';
import type { HealthCheck, Startable } from '@nm/runtime';
import type { EditConfigMap } from '../tls/config-map.ts';
import type { ReviewToken } from '../auth/kubernetes-authenticator.ts';

/** Where the mapper learns about its cluster. `start` resolves when the first whole state was taken in. */
export interface ClusterSource extends Startable {
  readonly health: () => HealthCheck;
  /** The state only grows by what is watched; a dump is whole from the start. */
  readonly isLive: boolean;
  /** Absent where there is no API server to ask. */
  readonly reviewToken?: ReviewToken;
  /** Absent where there is no API server to write to. */
  readonly editConfigMap?: EditConfigMap;
}

export type ApplyChange = (change: ClusterChange) => void;

/** Dumps instead of an API server: for demos, tests, and clusters that are gone. */
export function createDumpSource(
  deps: { readonly apply: ApplyChange; readonly log: Logger },
  options: { readonly paths: readonly string[] },
): ClusterSource {
  let loaded = 0;
  return {
    isLive: false,
    health: () => ({ ok: loaded > 0, detail: `${loaded} changes from ${options.paths.join(', ')}` }),
    async start(signal) {
      const changes = await loadDumps(options.paths, {
        onWarning: (warning) => deps.log.warn('dump incomplete', { ...warning }),
        ...(signal !== undefined && { signal }),
      });
      for (const change of changes) deps.apply(change);
      loaded = changes.length;
    },
    stop: () => Promise.resolve(),
  };
}
