import type { OwnerRecord, OwnerRef, PodRecord } from './records.ts';

/** Names of a workload inside its namespace (design: Workload). */
export interface WorkloadIdentity {
  readonly name: string;
  /** Kind of the root object; empty when a label, an annotation or images gave the name. */
  readonly kind: string;
}

export interface IdentityOptions {
  /** Pod labels and annotations that name the workload, first match wins (reference: the old tool's keys). */
  readonly nameLabel?: string;
  readonly nameAnnotations?: readonly string[];
  /** Name Jobs by their images (the old `use-image-name-for-service-id-for-jobs`). */
  readonly imageNameForJobs?: boolean;
  /** Kinds at which climbing stops although they have owners: `Kind` or `Kind.group`. */
  readonly rootKinds?: readonly string[];
}

export const DEFAULT_NAME_LABEL = 'otterize/service-name';
export const DEFAULT_NAME_ANNOTATIONS: readonly string[] = ['intents.otterize.com/workload-name', 'intents.otterize.com/service-name'];

/** The kubelet's mark on the API copy of a static pod (kubernetes/pkg/kubelet/types). */
export const CONFIG_HASH_ANNOTATION = 'kubernetes.io/config.hash';
const CONFIG_MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** Owner chains are short (Pod, ReplicaSet, Deployment, a custom owner or two). */
const MAX_CHAIN = 16;

/** What identity needs to look up; a pod can own pods (a Spark driver its executors). */
export interface OwnerLookup {
  owner(uid: string): Pick<OwnerRecord, 'name' | 'kind' | 'owners'> | undefined;
  /** Who owns what a controller made by the same pattern as an owner that is not known (siblingKey). */
  siblingOwner?(key: string): OwnerRef | undefined;
}

export interface ResolvedIdentity extends WorkloadIdentity {
  /** UID of an owner that is named but not known: the chain was cut there, and may go on when it appears. */
  readonly cutAt?: string;
}

/** Climbs from a pod to the name that its team knows it by. */
export function resolveIdentity(pod: PodRecord, lookup: OwnerLookup, options: IdentityOptions = {}): ResolvedIdentity {
  const given = givenName(pod, options);
  if (given !== undefined) return { name: given, kind: '' };
  if (isStaticPod(pod)) return { name: staticName(pod), kind: 'Pod' };
  let name = pod.name;
  let kind = 'Pod';
  let owners = pod.owners;
  let cutAt: string | undefined;
  const climbed = new Set<string>();
  while (climbed.size < MAX_CHAIN) {
    const ref = controllingOwner(owners);
    // Owners that own each other: the chain ends where it would begin again.
    if (ref === undefined || climbed.has(ref.uid)) break;
    climbed.add(ref.uid);
    name = ref.name;
    kind = ref.kind;
    if (isRootKind(ref, options.rootKinds)) break;
    const owner = lookup.owner(ref.uid);
    if (owner !== undefined) {
      owners = owner.owners;
      continue;
    }
    cutAt ??= ref.uid;
    const key = siblingKey(ref, pod);
    const above = key === undefined ? undefined : lookup.siblingOwner?.(key);
    if (above === undefined) break;
    owners = [above];
  }
  if (kind === 'Job' && options.imageNameForJobs === true) return { name: imageName(pod), kind: '' };
  return { name: name.replaceAll('.', '_'), kind, ...(cutAt === undefined ? {} : { cutAt }) };
}

/** Minutes since the Unix epoch: how a CronJob names its Jobs (kubernetes/pkg/controller/cronjob). */
const CRON_SUFFIX = /^\d{8,10}$/;
/** Label that a Deployment puts on the pods of each of its ReplicaSets, whose names end in its value. */
const TEMPLATE_HASH = 'pod-template-hash';

/**
 * What a ReplicaSet of a Deployment or a Job of a CronJob has in common with the others of the same controller: a dump that
 * was taken before a roll has only those. Undefined when the name does not say that a controller made it.
 */
export function siblingKey(ref: Pick<OwnerRef, 'kind' | 'name'>, pod: Pick<PodRecord, 'namespace' | 'labels'>): string | undefined {
  const dash = ref.name.lastIndexOf('-');
  const suffix = ref.name.slice(dash + 1);
  const isMade = (ref.kind === 'ReplicaSet' && pod.labels[TEMPLATE_HASH] === suffix) || (ref.kind === 'Job' && CRON_SUFFIX.test(suffix));
  return dash > 0 && isMade ? `${pod.namespace}/${ref.kind}/${ref.name.slice(0, dash)}` : undefined;
}

/** What a known object tells of such owners: under which key, and who owns them. A CronJob tells of all its Jobs. */
export function siblingsOf(record: OwnerRecord): { readonly key: string; readonly above: OwnerRef } | undefined {
  const { namespace, kind, name } = record;
  if (kind === 'CronJob') return { key: `${namespace}/Job/${name}`, above: { ...record, controller: true } };
  const above = controllingOwner(record.owners);
  if (above === undefined || !name.startsWith(`${above.name}-`) || name.includes('-', above.name.length + 1)) return undefined;
  return { key: `${namespace}/${kind}/${above.name}`, above };
}

/** The controller if there is one, else the first owner. */
export function controllingOwner(owners: readonly OwnerRef[]): OwnerRef | undefined {
  return owners.find((owner) => owner.controller) ?? owners[0];
}

/** A static pod's API copy: its owner is the node, its annotations carry the kubelet's hash. */
export function isStaticPod(pod: PodRecord): boolean {
  return pod.annotations[CONFIG_MIRROR_ANNOTATION] !== undefined || controllingOwner(pod.owners)?.kind === 'Node';
}

function isRootKind(ref: OwnerRef, kinds: readonly string[] = []): boolean {
  if (kinds.length === 0) return false;
  const group = ref.apiVersion.includes('/') ? ref.apiVersion.split('/')[0] : '';
  return kinds.includes(ref.kind) || kinds.includes(`${ref.kind}.${group ?? ''}`);
}

function givenName(pod: PodRecord, options: IdentityOptions): string | undefined {
  const label = pod.labels[options.nameLabel ?? DEFAULT_NAME_LABEL];
  if (label !== undefined && label !== '') return label;
  for (const key of options.nameAnnotations ?? DEFAULT_NAME_ANNOTATIONS) {
    const value = pod.annotations[key];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** The kubelet appends the node's name to a static pod's: two of one node stay apart, one on three nodes is one (rule 11). */
function staticName(pod: PodRecord): string {
  const suffix = pod.nodeName === undefined ? undefined : `-${pod.nodeName}`;
  const name =
    suffix !== undefined && pod.name.endsWith(suffix) && pod.name.length > suffix.length ? pod.name.slice(0, -suffix.length) : pod.name;
  return name.replaceAll('.', '_');
}

/** Images without registry and tag, sidecars left out, joined by "-". */
function imageName(pod: PodRecord): string {
  const names = pod.containers
    .filter((container) => container.name !== 'istio-proxy' && !container.name.includes('sidecar'))
    .map(({ image }) => {
      const path = image.slice(image.indexOf('/') + 1);
      return path.split('@')[0]?.split(':')[0] ?? path;
    });
  return names.join('-');
}
