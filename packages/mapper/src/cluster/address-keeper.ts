import type { Clock, ClusterChange, ClusterView, Logger, PodEntry } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { AddressInterval, Store } from '../store/store.ts';

export interface AddressKeeperOptions {
  readonly cluster: string;
  /** Pods that are gone are forgotten after this time. */
  readonly historyMs: number;
  readonly intervalMs: number;
}

export interface AddressKeeper extends Startable {
  /** To be called for every change, after the view took it. */
  note(change: ClusterChange): void;
  /** Brings back the pods that ended before this process started; call it when the view knows the living ones. */
  restore(): Promise<number>;
  /** Stores what changed since the last time. */
  save(): Promise<void>;
}

/** Pods whose change waits to be stored; beyond it the oldest change is stored with the pod's next one. */
const MAX_CHANGED = 100_000;
const CHUNK = 1_000;
/** Deleted pods that are remembered, about 800 bytes each: five minutes of 100 pods a second, a day of 20 a minute. */
export const MAX_GONE_PODS = 30_000;

/** Keeps who had which address when in the store, so that a late observation finds its pod after a restart (rule 7). */
export function createAddressKeeper(
  deps: { readonly store: Store; readonly view: ClusterView; readonly clock: Clock; readonly log: Logger },
  options: AddressKeeperOptions,
): AddressKeeper {
  const { store, view, clock, log } = deps;
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  async function save(): Promise<void> {
    const uids = [...changed];
    changed.clear();
    for (let i = 0; i < uids.length; i += CHUNK) {
      const entries = uids.slice(i, i + CHUNK).flatMap((uid) => view.pods.byPodUid(uid, undefined) ?? []);
      const intervals = entries.filter((entry) => entry.record.addresses.length > 0 && !entry.record.hostNetwork).map(toInterval);
      try {
        if (intervals.length > 0) await store.saveIntervals(options.cluster, intervals);
      } catch (error) {
        for (const uid of uids.slice(i)) changed.add(uid);
        throw error;
      }
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      view.prune(clock.now() - options.historyMs, MAX_GONE_PODS);
      running = save()
        .catch((error: unknown) => log.warn('addresses of pods not stored', { error: (error as Error).message }))
        .finally(() => {
          if (timer !== undefined) schedule();
        });
    }, options.intervalMs);
  }

  return {
    note(change) {
      if (change.type !== 'pod') return;
      changed.add(change.pod.uid);
      if (changed.size > MAX_CHANGED) changed.delete(changed.values().next().value ?? '');
    },
    save,
    async restore() {
      let restored = 0;
      const now = clock.now();
      for await (const intervals of store.loadIntervals(options.cluster, now - options.historyMs)) {
        for (const interval of intervals) {
          if (interval.kind !== 'pod' || interval.workload === undefined || view.pods.byPodUid(interval.uid, undefined) !== undefined)
            continue;
          view.pods.restore({
            uid: interval.uid,
            namespace: interval.namespace ?? '',
            pod: interval.name,
            workload: interval.workload.name,
            kind: interval.workload.kind,
            ...(interval.node !== undefined && { node: interval.node }),
            labels: parseLabels(interval.extra),
            addresses: interval.addresses,
            from: interval.from,
            // It ended while nobody watched: until now is the latest that can be true, and a later owner wins anyway.
            to: interval.to ?? now,
          });
          restored++;
        }
        if (restored % MAX_GONE_PODS < intervals.length) view.prune(now - options.historyMs, MAX_GONE_PODS);
      }
      return restored;
    },
    start() {
      schedule();
      return Promise.resolve();
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await running;
      await save();
    },
  };
}

function toInterval(entry: PodEntry): AddressInterval {
  const { record, name, kind, from, to } = entry;
  return {
    kind: 'pod',
    uid: record.uid,
    namespace: record.namespace,
    name: record.name,
    workload: { namespace: record.namespace, name, kind },
    addresses: record.addresses,
    ...(record.nodeName !== undefined && { node: record.nodeName }),
    from: Math.max(0, from),
    ...(Number.isFinite(to) && { to }),
    extra: JSON.stringify(record.labels).slice(0, 60_000),
  };
}

function parseLabels(json: string | undefined): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(json ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {};
  }
}
