/** A kind of object that is listed and watched. */
export interface WatchedResource {
  /** Plural and group, e.g. `deployments.apps`: how logs, metrics and permissions name it. */
  readonly name: string;
  readonly kind: string;
  /** Where it is served, newest version first; the next one is tried when one does not exist. */
  readonly versions: readonly { readonly apiVersion: string; readonly path: string }[];
  /** Only names, UIDs and owners are wanted (PartialObjectMetadata). */
  readonly isPartial: boolean;
  /** Of an extension that most clusters lack: nobody is told that it is absent, and it is looked for seldom. */
  readonly isOptional?: boolean;
}

function resource(group: string, plural: string, kind: string, versions: readonly string[], isPartial: boolean): WatchedResource {
  return {
    name: group === '' ? plural : `${plural}.${group}`,
    kind,
    versions: versions.map((version) => ({
      apiVersion: group === '' ? version : `${group}/${version}`,
      path: group === '' ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`,
    })),
    isPartial,
  };
}

function extension(group: string, plural: string, kind: string, versions: readonly string[]): WatchedResource {
  return { ...resource(group, plural, kind, versions, false), isOptional: true };
}

/** What the cluster view is made of: `get`, `list` and `watch` on each of them is all that the mapper needs. */
export const CLUSTER_RESOURCES: readonly WatchedResource[] = [
  resource('', 'namespaces', 'Namespace', ['v1'], false),
  resource('', 'nodes', 'Node', ['v1'], false),
  resource('', 'services', 'Service', ['v1'], false),
  resource('', 'pods', 'Pod', ['v1'], false),
  resource('discovery.k8s.io', 'endpointslices', 'EndpointSlice', ['v1', 'v1beta1'], false),
  resource('networking.k8s.io', 'servicecidrs', 'ServiceCIDR', ['v1', 'v1beta1', 'v1alpha1'], false),
  resource('apps', 'replicasets', 'ReplicaSet', ['v1'], true),
  resource('apps', 'deployments', 'Deployment', ['v1'], true),
  resource('apps', 'statefulsets', 'StatefulSet', ['v1'], true),
  resource('apps', 'daemonsets', 'DaemonSet', ['v1'], true),
  resource('batch', 'jobs', 'Job', ['v1'], true),
  resource('batch', 'cronjobs', 'CronJob', ['v1', 'v1beta1'], true),
  resource('', 'replicationcontrollers', 'ReplicationController', ['v1'], true),
  resource('networking.k8s.io', 'ingresses', 'Ingress', ['v1'], false),
  resource('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', ['v1'], false),
  extension('gateway.networking.k8s.io', 'gateways', 'Gateway', ['v1', 'v1beta1']),
  extension('gateway.networking.k8s.io', 'httproutes', 'HTTPRoute', ['v1', 'v1beta1']),
  extension('security.istio.io', 'authorizationpolicies', 'AuthorizationPolicy', ['v1', 'v1beta1']),
  extension('k8s.otterize.com', 'clientintents', 'ClientIntents', ['v2beta1', 'v2alpha1', 'v1alpha3', 'v1alpha2']),
];

/** Accept header (API concepts, "Metadata-only fetches"); plain JSON for servers that do not know the kind. */
export function acceptOf(watched: WatchedResource, isList: boolean): string {
  if (!watched.isPartial) return 'application/json';
  const kind = isList ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}
