import { CHART, eventually, helm, kubectl, portForward } from './cluster.ts';
import type { PortForward } from './cluster.ts';
import { countOf, edgeKey, readEdges } from './live-map.ts';
import type { LiveEdge } from './live-map.ts';

const ALL_KINDS = 'all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,persistentvolumeclaims,poddisruptionbudgets';
/** Longest time until every recurring call must be in the map. */
export const MAX_WAIT_MS = 60_000;

/** The chart as installed by a test. */
export interface Release {
  install(more?: readonly string[]): Promise<void>;
  upgrade(more?: readonly string[]): Promise<void>;
  /** Also of an earlier, broken run. */
  remove(): Promise<void>;
  /** Objects of the release that there are. */
  objects(): Promise<string>;
  /** The map as it is now. A port-forward ends with the pod that it leads to, so it is opened again when it fails. */
  edges(filter?: object): Promise<LiveEdge[]>;
  /** Address of the mapper on this machine; good until `close`, or until the mapper's pod ends. */
  url(): Promise<string>;
  /** Waits until a call that repeats was counted again. */
  advances(line: string): Promise<boolean>;
  close(): Promise<void>;
}

export function createRelease(name: string, namespace: string, values: readonly string[]): Release {
  let forward: PortForward | undefined;
  const run = async (verb: 'install' | 'upgrade', more: readonly string[]): Promise<void> => {
    const sets = [...values, ...more].flatMap((value) => ['--set', value]);
    const created = verb === 'install' ? ['--create-namespace'] : [];
    await helm([verb, name, CHART, '-n', namespace, ...created, '--wait', '--timeout', '120s', ...sets]);
  };
  const close = async (): Promise<void> => {
    const open = forward;
    forward = undefined;
    await open?.close();
  };
  const url = async (): Promise<string> => {
    forward ??= await portForward(namespace, 'service/otterize-network-mapper', 9090);
    return forward.url;
  };
  const edges = async (filter?: object): Promise<LiveEdge[]> =>
    eventually(async () => {
      try {
        return await readEdges(await url(), filter);
      } catch (error) {
        await close();
        throw error;
      }
    }, 30_000);

  return {
    install: (more = []) => run('install', more),
    upgrade: (more = []) => run('upgrade', more),
    async remove() {
      await close();
      await helm(['uninstall', name, '-n', namespace, '--ignore-not-found', '--wait', '--timeout', '90s']);
    },
    async objects() {
      const label = `app.kubernetes.io/instance=${name}`;
      const get = async (args: readonly string[]): Promise<string> => (await kubectl(['get', ...args, '-l', label, '-o', 'name'])).trim();
      return `${await get([ALL_KINDS, '-n', namespace])}${await get(['clusterroles,clusterrolebindings'])}`;
    },
    edges,
    url,
    async advances(line) {
      const look = async (): Promise<number> => countOf((await edges()).find((edge) => edgeKey(edge) === line));
      const start = await look();
      return eventually(async () => ((await look()) > start ? true : undefined), MAX_WAIT_MS);
    },
    close,
  };
}

/** Metrics of the nodes' sniffers that say that something was lost. */
export async function lossesOfSniffers(port = 2112): Promise<string[]> {
  const found: string[] = [];
  for (const node of ['172.30.0.11', '172.30.0.12']) {
    const metrics = await (await fetch(`http://${node}:${port}/metrics`)).text();
    const losses = /^network_mapper_sniffer_(kernel_drops_total|ring_overruns_total|lost_observations_total\{.*\}) [^0].*$/gm;
    found.push(...(metrics.match(losses) ?? []).map((line) => `${node} ${line}`));
  }
  return found;
}
