/** A kind that the fake API server serves. */
export interface FakeResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const table = (group: string, version: string, namespaced: boolean, kinds: Readonly<Record<string, string>>): FakeResource[] =>
  Object.entries(kinds).map(([kind, plural]) => ({ group, version, kind, plural, namespaced }));

/** What a recent Kubernetes serves, as far as it matters here. */
export const DEFAULT_RESOURCES: readonly FakeResource[] = [
  ...table('', 'v1', true, {
    Pod: 'pods',
    Service: 'services',
    Endpoints: 'endpoints',
    ConfigMap: 'configmaps',
    ReplicationController: 'replicationcontrollers',
  }),
  ...table('', 'v1', false, { Node: 'nodes', Namespace: 'namespaces' }),
  ...table('apps', 'v1', true, {
    ReplicaSet: 'replicasets',
    Deployment: 'deployments',
    StatefulSet: 'statefulsets',
    DaemonSet: 'daemonsets',
  }),
  ...table('batch', 'v1', true, { Job: 'jobs', CronJob: 'cronjobs' }),
  ...table('discovery.k8s.io', 'v1', true, { EndpointSlice: 'endpointslices' }),
  ...table('networking.k8s.io', 'v1', false, { ServiceCIDR: 'servicecidrs' }),
  ...table('networking.k8s.io', 'v1', true, { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' }),
];

export function apiVersionOf(resource: FakeResource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** Path of the whole collection, e.g. `/apis/apps/v1/deployments`. */
export function collectionPath(resource: FakeResource): string {
  return resource.group === ''
    ? `/api/${resource.version}/${resource.plural}`
    : `/apis/${resource.group}/${resource.version}/${resource.plural}`;
}

/** What a path names: a collection, one of a namespace, an object, a subresource. */
export interface ResourcePath {
  readonly resource: FakeResource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export function parseResourcePath(resources: readonly FakeResource[], path: string): ResourcePath | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const group = isCore ? '' : parts[1];
  const version = parts[isCore ? 1 : 2];
  let rest = parts.slice(isCore ? 2 : 3);
  const find = (plural: string | undefined): FakeResource | undefined =>
    resources.find((candidate) => candidate.group === group && candidate.version === version && candidate.plural === plural);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest.length > 2 && find(rest[2])?.namespaced === true) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const resource = find(rest[0]);
  if (resource === undefined) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(rest[1] === undefined ? {} : { name: rest[1] }),
    ...(rest[2] === undefined ? {} : { subresource: rest.slice(2).join('/') }),
  };
}
