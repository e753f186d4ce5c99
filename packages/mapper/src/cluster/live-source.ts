import type { Logger } from '@nm/core';
import { AppError } from '@nm/core';
import type { ApplyChange, ClusterSource } from './cluster-source.ts';

export interface LiveSourceOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly ownerKinds: readonly string[];
}

/** The cluster's API server. */
export function createLiveSource(
  _deps: { readonly apply: ApplyChange; readonly log: Logger; readonly env: Readonly<Record<string, string | undefined>> },
  _options: LiveSourceOptions,
): ClusterSource {
  throw new AppError('kube_unavailable', 'watching an API server is not possible yet; give --kube DUMP');
}
