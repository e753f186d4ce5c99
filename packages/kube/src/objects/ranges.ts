import { parseCidr } from '@nm/core';
import type { ClusterChange } from '@nm/core';
import { objectOf, objectsOf, textOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';

type Range = Extract<ClusterChange, { type: 'range' }>;
type Use = Range['use'];

/** Where the address ranges of a cluster are written down, by kind. */
const RANGES: Readonly<Record<string, (object: JsonObject) => readonly Range[]>> = {
  // networking.k8s.io
  ServiceCIDR: (object) => toRanges('service', textsOf(objectOf(object['spec'])['cidrs'])),
  ClusterCIDR: (object) => toRanges('pod', textsOf([objectOf(object['spec'])['ipv4'], objectOf(object['spec'])['ipv6']])),
  // projectcalico.org, crd.projectcalico.org
  IPPool: (object) => (objectOf(object['spec'])['disabled'] === true ? [] : toRanges('pod', textsOf([objectOf(object['spec'])['cidr']]))),
  // cilium.io
  CiliumNode: (object) => toRanges('pod', textsOf(objectOf(objectOf(object['spec'])['ipam'])['podCIDRs'])),
  // config.openshift.io, operator.openshift.io
  Network: (object) =>
    [objectOf(object['status']), objectOf(object['spec'])].flatMap((part) => [
      ...toRanges(
        'pod',
        objectsOf(part['clusterNetwork']).flatMap((entry) => textOf(entry['cidr']) ?? []),
      ),
      ...toRanges('service', textsOf(part['serviceNetwork'])),
    ]),
};

/** Flags of the control plane's own programs (kube-apiserver, kube-controller-manager, kube-proxy). */
const FLAGS: readonly { readonly flag: string; readonly use: Use }[] = [
  { flag: '--service-cluster-ip-range=', use: 'service' },
  { flag: '--cluster-cidr=', use: 'pod' },
];
const CONTROL_PLANE_NAMESPACE = 'kube-system';
const COMPONENTS = new Set(['kube-apiserver', 'kube-controller-manager', 'kube-proxy']);

/** Whether objects of this kind carry ranges and nothing else of interest. */
export function hasRanges(kind: string): boolean {
  return Object.hasOwn(RANGES, kind);
}

export function toRangeChanges(object: JsonObject, kind: string): readonly Range[] {
  return RANGES[kind]?.(object) ?? [];
}

/** Ranges on the command line of a control plane pod: clusters that list them nowhere else still say it here. */
export function rangesOfPod(object: JsonObject): readonly Range[] {
  const meta = objectOf(object['metadata']);
  if (meta['namespace'] !== CONTROL_PLANE_NAMESPACE) return [];
  const labels = objectOf(meta['labels']);
  const component = textOf(labels['component']) ?? textOf(labels['k8s-app']) ?? '';
  if (!COMPONENTS.has(component)) return [];
  const words = objectsOf(objectOf(object['spec'])['containers']).flatMap((container) => [
    ...textsOf(container['command']),
    ...textsOf(container['args']),
  ]);
  return words.flatMap((word) =>
    FLAGS.filter(({ flag }) => word.startsWith(flag)).flatMap(({ flag, use }) => toRanges(use, word.slice(flag.length).split(','))),
  );
}

function toRanges(use: Use, texts: readonly string[]): Range[] {
  return texts.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [{ type: 'range', cidr: cidr.text, use }];
  });
}
