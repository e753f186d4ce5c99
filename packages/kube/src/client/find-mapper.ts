import { objectOf, objectsOf, portOf, textMapOf, textOf } from '../objects/fields.ts';
import type { JsonObject } from '../objects/fields.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError, isKubeError } from './kube-error.ts';
import type { PodTarget } from './port-forward.ts';

export interface FindMapperOptions {
  /** Where to look first; `otterize-system` by default. With it given, nowhere else. */
  readonly namespace?: string;
  readonly serviceName?: string;
  readonly servicePort?: number;
  readonly signal?: AbortSignal;
}

export interface FoundMapper extends PodTarget {
  readonly service: string;
  readonly servicePort: number;
}

export const DEFAULT_MAPPER_NAMESPACE = 'otterize-system';
export const DEFAULT_MAPPER_SERVICE = 'otterize-network-mapper';
export const DEFAULT_MAPPER_PORT = 9090;
/** Labels of the mapper's Service, whatever its name and namespace. */
export const MAPPER_LABELS = 'app.kubernetes.io/name=network-mapper,app.kubernetes.io/component=mapper';

/**
 * The mapper's Service and a ready pod behind it. Throws KubeError in one line: `kube-mapper-not-found`,
 * `kube-no-ready-pod`, `kube-forbidden`, `kube-unreachable` and the like.
 */
export async function findMapper(client: KubeClient, options: FindMapperOptions = {}): Promise<FoundMapper> {
  const service = await findService(client, options);
  const meta = objectOf(service['metadata']);
  const namespace = textOf(meta['namespace']) ?? '';
  const name = textOf(meta['name']) ?? '';
  const spec = objectOf(service['spec']);
  const port = choosePort(objectsOf(spec['ports']), options.servicePort, `${namespace}/${name}`);
  const selector = Object.entries(textMapOf(spec['selector']));
  if (selector.length === 0)
    throw new KubeError(
      'kube-mapper-not-found',
      `Service ${namespace}/${name} has no selector, so no pod can be found behind it: use --url`,
    );
  const query = new URLSearchParams({ labelSelector: selector.map(([key, value]) => `${key}=${value}`).join(',') });
  const list = await get(client, `/api/v1/namespaces/${namespace}/pods?${query.toString()}`, options.signal);
  const pods = objectsOf(objectOf(list)['items']);
  const ready = pods.filter(isReady);
  for (const pod of ready) {
    const target = targetPort(port, pod);
    if (target !== undefined)
      return {
        namespace,
        service: name,
        servicePort: Number(port['port']),
        pod: textOf(objectOf(pod['metadata'])['name']) ?? '',
        port: target,
      };
  }
  if (ready.length > 0)
    throw new KubeError('kube-no-ready-pod', `no pod behind Service ${namespace}/${name} has the port ${String(port['targetPort'])}`);
  throw new KubeError(
    'kube-no-ready-pod',
    `no pod of the mapper is ready in ${namespace} (${describe(pods)}): see kubectl -n ${namespace} get pods`,
  );
}

async function findService(client: KubeClient, options: FindMapperOptions): Promise<JsonObject> {
  const namespace = options.namespace ?? DEFAULT_MAPPER_NAMESPACE;
  const name = options.serviceName ?? DEFAULT_MAPPER_SERVICE;
  let firstError: KubeError | undefined;
  try {
    return objectOf(await get(client, `/api/v1/namespaces/${namespace}/services/${name}`, options.signal));
  } catch (error) {
    if (!isKubeError(error) || (error.code !== 'kube-not-found' && error.code !== 'kube-forbidden')) throw error;
    firstError = error;
  }
  const labelled = await search(client, options);
  const [found, ...others] = labelled;
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined)
    throw new KubeError(
      'kube-mapper-not-found',
      `several mappers found (${labelled.map(fullName).join(', ')}): choose one with --mapper-namespace`,
    );
  if (firstError.code === 'kube-forbidden') throw firstError;
  const where =
    options.namespace === undefined ? `nor anywhere by the labels ${MAPPER_LABELS}` : `nor there by the labels ${MAPPER_LABELS}`;
  throw new KubeError(
    'kube-mapper-not-found',
    `no mapper found: neither Service ${namespace}/${name}, ${where}; install it, or use --mapper-namespace, --mapper-service-name, --url or --map`,
  );
}

/** By labels: in the namespace that was asked for, else everywhere; nothing where that is not allowed. */
async function search(client: KubeClient, options: FindMapperOptions): Promise<readonly JsonObject[]> {
  const query = new URLSearchParams({ labelSelector: MAPPER_LABELS });
  const path = options.namespace === undefined ? '/api/v1/services' : `/api/v1/namespaces/${options.namespace}/services`;
  try {
    const services = objectsOf(objectOf(await get(client, `${path}?${query.toString()}`, options.signal))['items']);
    // The mapper has a second Service with the same labels, for its metrics.
    const ofApi = services.filter((service) => hasApiPort(objectsOf(objectOf(service['spec'])['ports']), options.servicePort));
    return ofApi.length > 0 ? ofApi : services;
  } catch (error) {
    if (isKubeError(error) && error.code === 'kube-forbidden') return [];
    throw error;
  }
}

async function get(client: KubeClient, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  return client.request(path, signal === undefined ? {} : { signal });
}

const API_PORT_NAMES: readonly unknown[] = ['http', 'graphql', 'api', 'https'];

function hasApiPort(ports: readonly JsonObject[], wanted = DEFAULT_MAPPER_PORT): boolean {
  return ports.some((port) => port['port'] === wanted || API_PORT_NAMES.includes(port['name']));
}

/** The port asked for; else 9090, one named like an API, or the only one. */
function choosePort(ports: readonly JsonObject[], wanted: number | undefined, service: string): JsonObject {
  const found =
    wanted === undefined
      ? (ports.find((port) => port['port'] === DEFAULT_MAPPER_PORT) ??
        ports.find((port) => API_PORT_NAMES.includes(port['name'])) ??
        ports[0])
      : ports.find((port) => port['port'] === wanted);
  if (found !== undefined) return found;
  const has = ports.map((port) => String(port['port'])).join(', ');
  throw new KubeError(
    'kube-mapper-not-found',
    `Service ${service} has no port ${wanted ?? ''} (it has ${has === '' ? 'none' : has}): use --mapper-service-port`,
  );
}

/** A Service port as a port of this pod; a name means one of its containers' ports. */
function targetPort(port: JsonObject, pod: JsonObject): number | undefined {
  const target = port['targetPort'];
  if (typeof target !== 'string') return portOf(target) ?? portOf(port['port']);
  const spec = objectOf(pod['spec']);
  const containers = [...objectsOf(spec['containers']), ...objectsOf(spec['initContainers'])];
  return portOf(
    containers.flatMap((container) => objectsOf(container['ports'])).find((entry) => entry['name'] === target)?.['containerPort'],
  );
}

function isReady(pod: JsonObject): boolean {
  const conditions = objectsOf(objectOf(pod['status'])['conditions']);
  const isLeaving = objectOf(pod['metadata'])['deletionTimestamp'] !== undefined;
  return !isLeaving && conditions.some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True');
}

/** Phases and the reasons for which containers wait, e.g. `mapper-7d: Pending, ImagePullBackOff`. */
function describe(pods: readonly JsonObject[]): string {
  if (pods.length === 0) return 'there is none';
  const texts = pods.slice(0, 3).map((pod) => {
    const status = objectOf(pod['status']);
    const waiting = objectsOf(status['containerStatuses']).flatMap(
      (container) => textOf(objectOf(objectOf(container['state'])['waiting'])['reason']) ?? [],
    );
    return `${textOf(objectOf(pod['metadata'])['name']) ?? ''}: ${[textOf(status['phase']) ?? 'Unknown', ...waiting].join(', ')}`;
  });
  return texts.join('; ') + (pods.length > 3 ? '; …' : '');
}

function fullName(service: JsonObject): string {
  const meta = objectOf(service['metadata']);
  return `${textOf(meta['namespace']) ?? ''}/${textOf(meta['name']) ?? ''}`;
}
