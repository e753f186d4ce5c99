export { DEFAULT_MAPPER_NAMESPACE, DEFAULT_MAPPER_PORT, DEFAULT_MAPPER_SERVICE, MAPPER_LABELS, findMapper } from './client/find-mapper.ts';
export type { FindMapperOptions, FoundMapper } from './client/find-mapper.ts';
export { createPortForward } from './client/port-forward.ts';
export type { PodTarget, PortForward } from './client/port-forward.ts';
export { execInPod } from './client/pod-exec.ts';
export type { ExecTarget } from './client/pod-exec.ts';
export { loadKubeClient } from './client/kubeconfig.ts';
export type { KubeClientOptions } from './client/kubeconfig.ts';
export { createKubeClient } from './client/kube-client.ts';
export type { KubeClient, KubeRequest, KubeTransport } from './client/kube-client.ts';
export { KUBE_ERRORS, KubeError, isKubeError } from './client/kube-error.ts';
export type { KubeErrorCode } from './client/kube-error.ts';
export { readByteLines } from './client/line-reader.ts';
export { MAX_DOCUMENT_BYTES, MAX_LINE_CHARACTERS } from './dump/read-text.ts';
export { DUMP_ERRORS } from './dump/dump-error.ts';
export type { DumpErrorCode } from './dump/dump-error.ts';
export { loadDumps, readDumps } from './dump/load-dumps.ts';
export type { LoadDumpsOptions } from './dump/load-dumps.ts';
export type { DumpTrouble, DumpWarning } from './dump/warnings.ts';
export { toClusterChanges } from './objects/to-cluster-changes.ts';
export type { ObjectContext, ObjectTrouble } from './objects/to-cluster-changes.ts';
export { createClusterWatch } from './reflector/cluster-watch.ts';
export type { ClusterWatch, ClusterWatchDeps, ClusterWatchOptions } from './reflector/cluster-watch.ts';
export { parseOwnerKind } from './reflector/custom-owners.ts';
export type { OwnerKind } from './reflector/custom-owners.ts';
export { REFLECTOR_DEFAULTS, createReflector } from './reflector/reflector.ts';
export type {
  Reflector,
  ReflectorDeps,
  ReflectorMetrics,
  ReflectorOptions,
  ReflectorPhase,
  ReflectorState,
} from './reflector/reflector.ts';
export { CLUSTER_RESOURCES } from './reflector/watched-resource.ts';
export type { WatchedResource } from './reflector/watched-resource.ts';
