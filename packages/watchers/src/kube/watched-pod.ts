import type { KubeReader } from './kube-reader.ts';

/** A pod as far as the watchers look at it. */
export interface WatchedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly { readonly kind: string; readonly name: string }[];
  readonly phase: string;
  readonly addresses: readonly string[];
  readonly nodeName?: string;
  readonly isBeingDeleted: boolean;
  /** Containers that run as long as the pod: regular ones and native sidecars (init containers that restart always). */
  readonly containers: readonly WatchedContainer[];
}

export interface WatchedContainer {
  readonly name: string;
  /** Differs for each run of the container. */
  readonly id?: string;
  readonly isRunning: boolean;
  /** Start of this run, milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly ports: readonly number[];
}

export interface PodQuery {
  readonly namespace?: string;
  readonly labelSelector?: string;
}

const PAGE = 500;
/** A list longer than this is cut: 50,000 pods. */
const MAX_PAGES = 100;
const LIST_TIMEOUT_MS = 30_000;

/** Pods of a namespace, or of the cluster. Throws what the reader throws. */
export async function loadPods(reader: KubeReader, query: PodQuery, signal?: AbortSignal): Promise<WatchedPod[]> {
  const pods: WatchedPod[] = [];
  const base = query.namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${encodeURIComponent(query.namespace)}/pods`;
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = new URLSearchParams({ limit: String(PAGE) });
    if (query.labelSelector !== undefined) params.set('labelSelector', query.labelSelector);
    if (next !== undefined) params.set('continue', next);
    const answer = fieldsOf(
      await reader.request(`${base}?${params.toString()}`, { idleTimeoutMs: LIST_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) }),
    );
    for (const item of listOf(answer['items'])) {
      const pod = toWatchedPod(item);
      if (pod !== undefined) pods.push(pod);
    }
    next = textOf(fieldsOf(answer['metadata'])['continue']);
    if (next === undefined || next === '') break;
  }
  return pods;
}

/** A pod object of the API; undefined when it lacks a name. */
export function toWatchedPod(object: unknown): WatchedPod | undefined {
  const pod = fieldsOf(object);
  const metadata = fieldsOf(pod['metadata']);
  const spec = fieldsOf(pod['spec']);
  const status = fieldsOf(pod['status']);
  const name = textOf(metadata['name']);
  const namespace = textOf(metadata['namespace']);
  if (name === undefined || namespace === undefined) return undefined;
  const nodeName = textOf(spec['nodeName']);
  const sidecars = listOf(spec['initContainers']).filter((container) => fieldsOf(container)['restartPolicy'] === 'Always');
  const states = [...listOf(status['containerStatuses']), ...listOf(status['initContainerStatuses'])].map(fieldsOf);
  const ips = listOf(status['podIPs']).flatMap((entry) => textOf(fieldsOf(entry)['ip']) ?? []);
  const ip = textOf(status['podIP']);
  return {
    uid: textOf(metadata['uid']) ?? `${namespace}/${name}`,
    namespace,
    name,
    labels: textsOf(metadata['labels']),
    annotations: textsOf(metadata['annotations']),
    owners: listOf(metadata['ownerReferences']).map((owner) => ({
      kind: textOf(fieldsOf(owner)['kind']) ?? '',
      name: textOf(fieldsOf(owner)['name']) ?? '',
    })),
    phase: textOf(status['phase']) ?? '',
    addresses: ips.length > 0 || ip === undefined ? ips : [ip],
    ...(nodeName === undefined ? {} : { nodeName }),
    isBeingDeleted: metadata['deletionTimestamp'] !== undefined && metadata['deletionTimestamp'] !== null,
    containers: [...listOf(spec['containers']), ...sidecars].map((container) => toContainer(fieldsOf(container), states)),
  };
}

function toContainer(spec: Fields, states: readonly Fields[]): WatchedContainer {
  const name = textOf(spec['name']) ?? '';
  const state = states.find((candidate) => candidate['name'] === name);
  const running = fieldsOf(fieldsOf(state?.['state'])['running']);
  const id = textOf(state?.['containerID']);
  const startedAt = Date.parse(textOf(running['startedAt']) ?? '');
  return {
    name,
    ...(id === undefined || id === '' ? {} : { id }),
    isRunning: fieldsOf(state?.['state'])['running'] !== undefined,
    ...(Number.isNaN(startedAt) ? {} : { startedAt }),
    ports: listOf(spec['ports']).flatMap((port) => {
      const number = fieldsOf(port)['containerPort'];
      return typeof number === 'number' ? [number] : [];
    }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
