import type { ClusterChange, Logger } from '@nm/core';
import type { KubeClient } from '../client/kube-client.ts';
import { backoffMs, jittered, sleep } from './backoff.ts';
import { discoverOwner } from './custom-owners.ts';
import type { OwnerKind } from './custom-owners.ts';
import { REFLECTOR_DEFAULTS, createReflector } from './reflector.ts';
import type { Reflector, ReflectorMetrics, ReflectorOptions, ReflectorState } from './reflector.ts';
import { CLUSTER_RESOURCES } from './watched-resource.ts';
import type { WatchedResource } from './watched-resource.ts';

export interface ClusterWatchDeps {
  readonly client: KubeClient;
  /** Called with changes in the order in which each kind told them; `at` is when they arrived. */
  readonly onChanges: (changes: readonly ClusterChange[]) => void;
  readonly logger: Logger;
  readonly metrics?: ReflectorMetrics;
  readonly now?: () => number;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
}

export interface ClusterWatchOptions {
  /** What to watch; CLUSTER_RESOURCES by default. */
  readonly resources?: readonly WatchedResource[];
  /** Kinds of owners that the cluster may serve or not. */
  readonly customOwners?: readonly OwnerKind[];
  readonly reflector?: Partial<ReflectorOptions>;
}

/** The live cluster: one reflector for each kind, all feeding one view. */
export interface ClusterWatch {
  start(): void;
  stop(): Promise<void>;
  /** Resolves when every kind is synced or known to be impossible for now; rejects when the signal is aborted. */
  settled(signal?: AbortSignal): Promise<void>;
  isSettled(): boolean;
  /** By kind, for /readyz and logs. */
  states(): readonly ReflectorState[];
  /** Kinds that may not be read: the permissions to ask for. */
  forbidden(): readonly string[];
}

export function createClusterWatch(deps: ClusterWatchDeps, options: ClusterWatchOptions = {}): ClusterWatch {
  const now = deps.now ?? Date.now;
  const random = deps.random ?? Math.random;
  const stopping = new AbortController();
  const waiting = new Set<() => void>();
  const reflectors: Reflector[] = [];
  const running: Promise<void>[] = [];
  let discovering = options.customOwners?.length ?? 0;

  const isSettled = (): boolean => discovering === 0 && reflectors.every((reflector) => reflector.isSettled());
  const notify = (): void => {
    if (isSettled()) for (const wake of waiting) wake();
  };
  const add = (resource: WatchedResource): Reflector => {
    const { client, onChanges, logger, metrics } = deps;
    const reflector = createReflector(
      { client, onChanges, logger, resource, now, random, ...(metrics === undefined ? {} : { metrics }) },
      options.reflector,
    );
    reflector.onState(notify);
    reflectors.push(reflector);
    return reflector;
  };

  /** A custom kind may be installed later: it is looked for again and again, and waited for only the first time. */
  const follow = async (owner: OwnerKind): Promise<void> => {
    const { signal } = stopping;
    const timing = { ...REFLECTOR_DEFAULTS, ...options.reflector };
    let isFirst = true;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      let resource: WatchedResource | undefined;
      let waitMs = jittered(timing.slowRetryMs, random);
      try {
        resource = await discoverOwner(deps.client, owner, signal);
        if (resource === undefined && isFirst)
          deps.logger.info('the cluster does not serve a custom owner kind', { kind: owner.kind, group: owner.group });
      } catch (error) {
        if (signal.aborted) return;
        deps.logger.debug('discovery of a custom owner kind failed', { kind: owner.kind, group: owner.group, reason: String(error) });
        waitMs = backoffMs(attempt, timing.backoff, random);
      }
      const reflector = resource === undefined ? undefined : add(resource);
      if (isFirst) {
        isFirst = false;
        discovering -= 1;
        notify();
      }
      if (reflector !== undefined) return reflector.run(signal);
      await sleep(waitMs, signal);
    }
  };

  for (const resource of options.resources ?? CLUSTER_RESOURCES) add(resource);

  return {
    start() {
      for (const reflector of reflectors) running.push(reflector.run(stopping.signal));
      for (const owner of options.customOwners ?? []) running.push(follow(owner));
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
    async settled(signal) {
      signal?.throwIfAborted();
      if (isSettled()) return;
      await new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const abort = (): void => {
          waiting.delete(wake);
          reject(signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'));
        };
        waiting.add(wake);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    isSettled,
    states: () => reflectors.map((reflector) => reflector.state()),
    forbidden: () =>
      reflectors.map((reflector) => reflector.state()).flatMap((state) => (state.phase === 'forbidden' ? [state.resource] : [])),
  };
}
