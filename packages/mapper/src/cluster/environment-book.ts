import type { Clock } from '@nm/core';
import type { NamespaceSummary } from '../store/query.ts';
import type { Store } from '../store/store.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { EnvironmentRules } from './environments.ts';

/** Namespaces of all clusters with their environments: ours by the rules, the others' as their mappers stored them. */
export interface EnvironmentBook {
  /** Known at once; other clusters' may be a few seconds old. */
  readonly environmentOf: (cluster: string, namespace: string) => string | undefined;
  namespaces(): Promise<readonly { readonly cluster: string; readonly name: string; readonly environment?: string }[]>;
  /** Stores what changed of our own namespaces. */
  save(): Promise<void>;
}

/** Other clusters' namespaces are read again after this time. */
const REFRESH_MS = 10_000;

export function createEnvironmentBook(
  deps: { readonly store: Store; readonly facts: ClusterFacts; readonly rules: EnvironmentRules; readonly clock: Clock },
  options: { readonly cluster: string },
): EnvironmentBook {
  const { store, facts, rules, clock } = deps;
  let stored: readonly NamespaceSummary[] = [];
  let storedEnvironments = new Map<string, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  let savedVersion = -1;

  async function refresh(): Promise<void> {
    if (clock.now() - readAt < REFRESH_MS) return;
    readAt = clock.now();
    stored = await store.namespaces();
    storedEnvironments = new Map(
      stored.flatMap(({ cluster, namespace, environment }) =>
        environment === undefined ? [] : [[`${cluster}/${namespace}`, environment]],
      ),
    );
  }

  function ownEnvironment(namespace: string): string | undefined {
    return rules.environmentOf(namespace, facts.namespaces.get(namespace) ?? {});
  }

  return {
    environmentOf: (cluster, namespace) =>
      cluster === options.cluster ? ownEnvironment(namespace) : storedEnvironments.get(`${cluster}/${namespace}`),
    async namespaces() {
      await refresh();
      const all = new Map<string, { cluster: string; name: string; environment?: string }>();
      const add = (cluster: string, name: string, environment: string | undefined): void => {
        all.set(`${cluster}/${name}`, { cluster, name, ...(environment !== undefined && { environment }) });
      };
      for (const { cluster, namespace, environment } of stored) {
        add(cluster, namespace, cluster === options.cluster ? ownEnvironment(namespace) : environment);
      }
      for (const name of facts.namespaces.keys()) add(options.cluster, name, ownEnvironment(name));
      return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, namespace]) => namespace);
    },
    async save() {
      const version = facts.namespaceVersion;
      if (version === savedVersion) return;
      const rows = [...facts.namespaces.keys()].map((namespace) => {
        const environment = ownEnvironment(namespace);
        return { cluster: options.cluster, namespace, ...(environment !== undefined && { environment }) };
      });
      await store.saveNamespaces(rows);
      savedVersion = version;
      readAt = Number.NEGATIVE_INFINITY;
      await refresh();
    },
  };
}
