/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

export interface PodPatchOptions {
  /** Address of our DNS server's Service. */
  readonly dnsAddress: string;
  /** Address of the cluster's own DNS, asked when ours is away. */
  readonly clusterDnsAddress?: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** ConfigMap in the pod's namespace with `ca.crt` (ours) and `bundle.crt` (public roots and ours). */
  readonly configMap: string;
}

export interface PodLike {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly containers?: readonly ContainerLike[];
    readonly initContainers?: readonly ContainerLike[];
    readonly volumes?: readonly { readonly name?: string }[];
    readonly dnsPolicy?: string;
    readonly hostNetwork?: boolean;
    readonly dnsConfig?: DnsConfig;
  };
}
interface ContainerLike {
  readonly name?: string;
  readonly env?: readonly { readonly name?: string }[];
  readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string }[];
}
interface DnsConfig {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string; readonly value?: string }[];
}

export const VISIBILITY_LABEL = 'network-mapper.otterize.com/aws-visibility';

const VOLUME = 'network-mapper-aws-ca';
const MOUNT_PATH = '/var/run/network-mapper/aws-ca';
/** Additive: these trust the file besides the public roots, or speak only to AWS. */
const OWN_CA: readonly string[] = ['NODE_EXTRA_CA_CERTS'];
/** Replacing: these trust nothing but the file, so it holds the public roots too. */
const BUNDLE: readonly string[] = ['AWS_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'];

/** Whether a pod asks to be seen: by its own label, which may also say no, else by its namespace's. */
export function wantsVisibility(pod: PodLike, namespaceLabels: Readonly<Record<string, string>> = {}): boolean {
  return (pod.metadata?.labels?.[VISIBILITY_LABEL] ?? namespaceLabels[VISIBILITY_LABEL]) === 'true';
}

/**
 * Patch that makes a pod trust our authority and ask our DNS server, in all containers, init ones too. What the pod sets itself
 * stays; a second run changes nothing. Empty for pods whose names we cannot answer (host network, own DNS).
 */
export function toPodPatch(pod: PodLike, namespace: string, options: PodPatchOptions): PatchOperation[] {
  const { spec } = pod;
  if (spec === undefined || spec.hostNetwork === true) return [];
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const isOurs = spec.dnsConfig?.nameservers?.[0] === options.dnsAddress;
  if (policy !== 'ClusterFirst' && !isOurs) return [];
  const patch: PatchOperation[] = [];
  if (spec.volumes?.some(({ name }) => name === VOLUME) !== true) {
    const volume = { name: VOLUME, configMap: { name: options.configMap, optional: true } };
    if (spec.volumes === undefined) patch.push({ op: 'add', path: '/spec/volumes', value: [volume] });
    else patch.push({ op: 'add', path: '/spec/volumes/-', value: volume });
  }
  for (const kind of ['initContainers', 'containers'] as const) {
    spec[kind]?.forEach((container, index) => patch.push(...toContainerPatch(container, `/spec/${kind}/${index}`)));
  }
  if (!isOurs) patch.push(...toDnsPatch(spec.dnsConfig, namespace, options, spec.dnsPolicy !== undefined));
  return patch;
}

function toContainerPatch(container: ContainerLike, path: string): PatchOperation[] {
  const patch: PatchOperation[] = [];
  if (container.volumeMounts?.some(({ name, mountPath }) => name === VOLUME || mountPath === MOUNT_PATH) !== true) {
    const mount = { name: VOLUME, mountPath: MOUNT_PATH, readOnly: true };
    if (container.volumeMounts === undefined) patch.push({ op: 'add', path: `${path}/volumeMounts`, value: [mount] });
    else patch.push({ op: 'add', path: `${path}/volumeMounts/-`, value: mount });
  }
  const known = new Set(container.env?.map(({ name }) => name));
  const wanted = [
    ...OWN_CA.map((name) => ({ name, value: `${MOUNT_PATH}/ca.crt` })),
    ...BUNDLE.map((name) => ({ name, value: `${MOUNT_PATH}/bundle.crt` })),
  ].filter(({ name }) => !known.has(name));
  if (wanted.length === 0) return patch;
  if (container.env === undefined) patch.push({ op: 'add', path: `${path}/env`, value: wanted });
  else for (const value of wanted) patch.push({ op: 'add', path: `${path}/env/-`, value });
  return patch;
}

/** `None` with what ClusterFirst would have given: search list, ndots, and the cluster's DNS as the second server. */
function toDnsPatch(own: DnsConfig | undefined, namespace: string, options: PodPatchOptions, hasPolicy: boolean): PatchOperation[] {
  const { dnsAddress, clusterDnsAddress, clusterDomain } = options;
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const ownOptions = own?.options ?? [];
  const hasNdots = ownOptions.some(({ name }) => name === 'ndots');
  const dnsConfig = {
    // A resolver takes at most three servers (resolv.conf(5)).
    nameservers: [dnsAddress, ...(clusterDnsAddress === undefined ? [] : [clusterDnsAddress]), ...(own?.nameservers ?? [])].slice(0, 3),
    searches: [...new Set([...searches, ...(own?.searches ?? [])])].slice(0, 32),
    options: [...(hasNdots ? [] : [{ name: 'ndots', value: '5' }]), ...ownOptions],
  };
  return [
    { op: hasPolicy ? 'replace' : 'add', path: '/spec/dnsPolicy', value: 'None' },
    { op: own === undefined ? 'add' : 'replace', path: '/spec/dnsConfig', value: dnsConfig },
  ];
}
