import { addressInCidr, parseCidr } from '@nm/core';
import { addressesOf, isJsonObject, jsonOf } from './fields.ts';

/**
 * Addresses that network plugins write on the node object (rule 8). They are the sources that other nodes and pods
 * see when a process of the node, or masqueraded traffic, comes through a tunnel or a bridge.
 */
const ADDRESS_KEYS: readonly RegExp[] = [
  // flannel; the prefix is configurable (net-conf kube-annotation-prefix)
  /\/public-ip(v6)?(-overwrite)?$/,
  // Calico (libcalico-go node annotations)
  /^projectcalico\.org\/IPv[46](Address|IPIPTunnelAddr|VXLANTunnelAddr|WireguardInterfaceAddr)$/,
  // Cilium (pkg/annotation), today's names and those before 1.13
  /^(network\.cilium\.io\/|io\.cilium\.network\.)ipv[46]-(cilium-host|health-ip|ingress-ip)$/i,
  // OVN-Kubernetes (pkg/util node annotations)
  /^k8s\.ovn\.org\/(host-cidrs|host-addresses|node-primary-ifaddr|node-encap-ips|node-gateway-router-lrp-ifaddrs?|node-transit-switch-port-ifaddr)$/,
  // Kube-OVN: the node's port in the join subnet
  /^ovn\.kubernetes\.io\/ip_address$/,
  // kube-router
  /^kube-router\.io\/bgp-local-addresses$/,
  // Antrea
  /^node\.antrea\.io\/transport-addresses$/,
  // k3s, RKE2 and the kubelet's own choice
  /^(k3s|rke2)\.io\/(internal|external)-ip$/,
  /^alpha\.kubernetes\.io\/provided-node-ip$/,
  // Hybridnet
  /^networking\.alibaba\.com\/(vtep-ip|ip-list)$/,
];

/** Pod ranges of a node where spec.podCIDRs is empty because the plugin has its own allocation. */
const RANGE_KEYS: readonly RegExp[] = [
  /^(network\.cilium\.io\/|io\.cilium\.network\.)ipv[46]-pod-cidr$/,
  /^k8s\.ovn\.org\/node-subnets$/,
  /^kube-router\.io\/pod-cidrs?$/,
];

const OVN_GATEWAY = 'k8s.ovn.org/l3-gateway-config';
const OVN_SUBNETS = 'k8s.ovn.org/node-subnets';
/** OVN-Kubernetes gives its management port the second host address of the node's subnet. */
const OVN_MANAGEMENT_PORT = 2;

/** Addresses of the node itself, canonical. */
export function annotatedAddresses(annotations: Readonly<Record<string, string>>): readonly string[] {
  const found: string[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    if (ADDRESS_KEYS.some((pattern) => pattern.test(key))) found.push(...textsIn(value));
    else if (key === OVN_GATEWAY) found.push(...gatewayAddresses(value));
    else if (key === OVN_SUBNETS) {
      for (const subnet of textsIn(value)) {
        const cidr = parseCidr(subnet);
        if (cidr !== undefined) found.push(addressInCidr(cidr, OVN_MANAGEMENT_PORT) ?? '');
      }
    }
  }
  return addressesOf(found.map(withoutPrefixLength));
}

/** Pod ranges of the node, canonical. */
export function annotatedRanges(annotations: Readonly<Record<string, string>>): readonly string[] {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(annotations)) {
    if (!RANGE_KEYS.some((pattern) => pattern.test(key))) continue;
    for (const text of textsIn(value)) {
      const cidr = text.includes('/') ? parseCidr(text) : undefined;
      if (cidr !== undefined) found.add(cidr.text);
    }
  }
  return [...found];
}

/** All texts of an annotation: a list with commas, or JSON of any shape. */
function textsIn(value: string): string[] {
  if (!/^\s*[[{"]/.test(value)) return value.split(/[\s,]+/);
  return leaves(jsonOf(value));
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(leaves);
  return isJsonObject(value) ? Object.values(value).flatMap(leaves) : [];
}

/** `{network: {"ip-addresses": […], "next-hops": […]}}`: the next hops are somebody else's. */
function gatewayAddresses(value: string): string[] {
  const config = jsonOf(value);
  if (!isJsonObject(config)) return [];
  return Object.values(config)
    .filter(isJsonObject)
    .flatMap((network) => [...leaves(network['ip-addresses']), ...leaves(network['ip-address'])]);
}

function withoutPrefixLength(text: string): string {
  const slash = text.indexOf('/');
  return slash === -1 ? text : text.slice(0, slash);
}
