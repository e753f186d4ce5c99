import type { EmbeddedReporterDeps, MeshWatcherOptions } from '@nm/api';
import type { Clock, Logger } from '@nm/core';
import { OptionError } from '@nm/runtime';
import type { Startable } from '@nm/runtime';
import type { Registry } from 'prom-client';
import type { Ingest } from './ingest/ingest.ts';
import type { MapperOptions } from './mapper-options.ts';
import type { Store } from './store/store.ts';

/** What the watcher of a mesh gets from the mapper that it runs in. */
export interface MeshWatcherDeps extends EmbeddedReporterDeps {
  readonly register: Registry;
}

/** The watcher is in another package, which the mapper's does not know; the process brings it. */
export type CreateMeshWatcher = (deps: MeshWatcherDeps, options: MeshWatcherOptions) => Promise<Startable>;

const JOB = 'istio-watcher';
/** A round may take as long as the interval; a replica that missed this many is gone. */
const LEASE_ROUNDS = 3;

/** `--istio`: the watcher of a mesh as a part of the mapper. Throws OptionError when this process brings none. */
export function createMeshWatcher(
  deps: {
    readonly create: CreateMeshWatcher | undefined;
    readonly ingest: Ingest;
    readonly store: Store;
    readonly register: Registry;
    readonly clock: Clock;
    readonly log: Logger;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly version: string;
  },
  options: MapperOptions,
): Startable {
  const { create, ingest, store, register, clock, log, env, version } = deps;
  if (create === undefined) throw new OptionError('option_conflict', '--istio: this build has no watcher of meshes');
  if (options.kube.length > 0)
    throw new OptionError('option_conflict', '--istio reads the proxies of a running cluster, and --kube reads a dump');
  let watcher: Startable | undefined;
  return {
    async start(signal) {
      watcher = await create(
        {
          clock,
          log,
          register,
          env,
          version,
          // The process itself reports: there is nobody to be asked for a token.
          report: (batch) => ingest.report(batch, { mayReport: () => undefined, sees: 'names' }),
          isElected: () => store.lease(JOB, options.istioInterval * LEASE_ROUNDS),
        },
        {
          kubeconfig: options.kubeconfig,
          kubeContext: options.kubeContext,
          namespace: options.istioNamespace,
          intervalMs: options.istioInterval,
          readBy: options.istioReadBy,
        },
      );
      await watcher.start(signal);
    },
    async stop() {
      await watcher?.stop();
      await store.release(JOB).catch(() => undefined);
    },
  };
}
