import { AppError, isAppError } from '@nm/core';
import type { LiveSourceOptions, OpenLiveSource } from '../source/map-source.ts';
import { createLiveSource } from './live-source.ts';
import type { MapperWay } from './mapper-way.ts';
import { createUrlWay } from './url-way.ts';

/** What opening may touch of the process. */
export interface OpenLiveDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Opens a mapper by its address, else by the kubeconfig and a port-forward. */
export function createOpenLive(deps: OpenLiveDeps): OpenLiveSource {
  return async (options, signal) => {
    try {
      return createLiveSource(await openWay(options, deps.env, signal), deps);
    } catch (error) {
      if (signal.aborted || !isAppError(error) || error.code === 'USAGE') throw error;
      throw new AppError('MAPPER_UNREACHABLE', error.message, { cause: error });
    }
  };
}

async function openWay(options: LiveSourceOptions, env: OpenLiveDeps['env'], signal: AbortSignal): Promise<MapperWay> {
  if (options.url === undefined) {
    const { loadCluster, openClusterWay } = await import('./cluster-way.ts');
    return openClusterWay(await loadCluster(options, env), options, signal);
  }
  // A cluster's tokens go to an address only when the user names the cluster too.
  if (options.kubeconfig === undefined && options.context === undefined) return createUrlWay(options.url);
  const { createTokenRequest, loadCluster } = await import('./cluster-way.ts');
  return createUrlWay(options.url, createTokenRequest(await loadCluster(options, env), options.mapperNamespace));
}
