import { TRUST_STORE_PASSWORD } from './encode-jks.ts';

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
  /** ConfigMap in the pod's namespace with `ca.crt` (ours), `bundle.crt` (public roots and ours) and `truststore.jks` (the same). */
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
  readonly env?: readonly { readonly name?: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string }[];
}
interface DnsConfig {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string; readonly value?: string }[];
}

export const VISIBILITY_LABEL = 'network-mapper.otterize.com/aws-visibility';

/** Java has one trust store and no variable that adds to it: a pod says by this annotation that its containers' is replaced. */
export const JAVA_ANNOTATION = 'network-mapper.otterize.com/aws-visibility-java';

const VOLUME = 'network-mapper-aws-ca';
const MOUNT_PATH = '/var/run/network-mapper/aws-ca';
/** Additive: these trust the file besides the public roots, or speak only to AWS. */
const OWN_CA: readonly string[] = ['NODE_EXTRA_CA_CERTS'];
/** Replacing: these trust nothing but the file, so it holds the public roots too. */
const JAVA_OPTIONS = [
  `-Djavax.net.ssl.trustStore=${MOUNT_PATH}/truststore.jks`,
  '-Djavax.net.ssl.trustStoreType=JKS',
  `-Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`,
].join(' ');
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
  const isJava = pod.metadata?.annotations?.[JAVA_ANNOTATION] === 'true';
  for (const kind of ['initContainers', 'containers'] as const) {
    spec[kind]?.forEach((container, index) => patch.push(...toContainerPatch(container, `/spec/${kind}/${index}`, isJava)));
  }
  if (!isOurs) patch.push(...toDnsPatch(spec.dnsConfig, namespace, options, spec.dnsPolicy !== undefined));
  return patch;
}

function toContainerPatch(container: ContainerLike, path: string, isJava: boolean): PatchOperation[] {
  const patch: PatchOperation[] = [];
  if (container.volumeMounts?.some(({ name, mountPath }) => name === VOLUME || mountPath === MOUNT_PATH) !== true) {
    const mount = { name: VOLUME, mountPath: MOUNT_PATH, readOnly: true };
    if (container.volumeMounts === undefined) patch.push({ op: 'add', path: `${path}/volumeMounts`, value: [mount] });
    else patch.push({ op: 'add', path: `${path}/volumeMounts/-`, value: mount });
  }
  if (isJava) patch.push(...toJavaPatch(container, path));
  const known = new Set(container.env?.map(({ name }) => name));
  const wanted = [
    ...(isJava && !known.has('JAVA_TOOL_OPTIONS') ? [{ name: 'JAVA_TOOL_OPTIONS', value: JAVA_OPTIONS }] : []),
    ...OWN_CA.map((name) => ({ name, value: `${MOUNT_PATH}/ca.crt` })),
    ...BUNDLE.map((name) => ({ name, value: `${MOUNT_PATH}/bundle.crt` })),
  ].filter(({ name }) => !known.has(name));
  if (wanted.length === 0) return patch;
  if (container.env === undefined) patch.push({ op: 'add', path: `${path}/env`, value: wanted });
  else for (const value of wanted) patch.push({ op: 'add', path: `${path}/env/-`, value });
  return patch;
}

/** Options that the container has already get ours after them, unless they name a trust store or come from elsewhere. */
function toJavaPatch({ env = [] }: ContainerLike, path: string): PatchOperation[] {
  const index = env.findIndex(({ name }) => name === 'JAVA_TOOL_OPTIONS');
  const value = env[index]?.value;
  if (value === undefined || value.includes('javax.net.ssl.trustStore')) return [];
  return [{ op: 'replace', path: `${path}/env/${index}/value`, value: `${value} ${JAVA_OPTIONS}`.trim() }];
}

/** `None` with what ClusterFirst would have given: search list, ndots, and the cluster's DNS as the second server. */
function toDnsPatch(own: DnsConfig | undefined, namespace: string, options: PodPatchOptions, hasPolicy: boolean): PatchOperation[] {
  const { dnsAddress, clusterDnsAddress, clusterDomain } = options;
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const ownOptions = own?.options ?? [];
  const defaults = [
    { name: 'ndots', value: '5' },
    // Seconds until the second server is asked when ours says nothing, instead of five (resolv.conf(5)).
    { name: 'timeout', value: '1' },
  ].filter(({ name }) => !ownOptions.some((option) => option.name === name));
  const dnsConfig = {
    // A resolver takes at most three servers (resolv.conf(5)).
    nameservers: [dnsAddress, ...(clusterDnsAddress === undefined ? [] : [clusterDnsAddress]), ...(own?.nameservers ?? [])].slice(0, 3),
    searches: [...new Set([...searches, ...(own?.searches ?? [])])].slice(0, 32),
    options: [...defaults, ...ownOptions],
  };
  return [
    { op: hasPolicy ? 'replace' : 'add', path: '/spec/dnsPolicy', value: 'None' },
    { op: own === undefined ? 'add' : 'replace', path: '/spec/dnsConfig', value: dnsConfig },
  ];
}
