import { describe, expect, test } from 'vitest';
import { only } from '../testing/only-change.ts';

describe('nodes (rule 8)', () => {
  test.each<[string, Record<string, string>, string[]]>([
    [
      'flannel',
      {
        'flannel.alpha.coreos.com/public-ip': '192.0.2.1',
        'flannel.alpha.coreos.com/public-ipv6': 'FD00::1',
        'flannel.alpha.coreos.com/backend-data': '{"VtepMAC":"1.2.3.4"}',
      },
      ['192.0.2.1', 'fd00::1'],
    ],
    [
      'Calico',
      {
        'projectcalico.org/IPv4Address': '192.0.2.1/24',
        'projectcalico.org/IPv4IPIPTunnelAddr': '10.1.0.0',
        'projectcalico.org/IPv4VXLANTunnelAddr': '10.2.0.0',
        'projectcalico.org/IPv6VXLANTunnelAddr': 'fd00::2',
        'projectcalico.org/IPv4WireguardInterfaceAddr': '10.3.0.0',
        'projectcalico.org/IPv6WireguardInterfaceAddr': 'fd00::3',
        'projectcalico.org/IPv6Address': 'fd00::1/64',
      },
      ['192.0.2.1', '10.1.0.0', '10.2.0.0', 'fd00::2', '10.3.0.0', 'fd00::3', 'fd00::1'],
    ],
    [
      'Cilium',
      {
        'network.cilium.io/ipv4-cilium-host': '10.0.0.1',
        'network.cilium.io/ipv4-health-ip': '10.0.0.2',
        'network.cilium.io/ipv6-Ingress-ip': 'fd00::9',
      },
      ['10.0.0.1', '10.0.0.2', 'fd00::9'],
    ],
    [
      'Cilium before 1.13',
      { 'io.cilium.network.ipv4-cilium-host': '10.0.0.1', 'io.cilium.network.ipv6-health-ip': 'fd00::2' },
      ['10.0.0.1', 'fd00::2'],
    ],
    [
      'OVN-Kubernetes',
      {
        'k8s.ovn.org/host-cidrs': '["192.0.2.1/24","fd00::1/64"]',
        'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.0.2.1/24","ipv6":""}',
        'k8s.ovn.org/l3-gateway-config': '{"default":{"ip-addresses":["192.0.2.3/24"],"next-hops":["192.0.2.254"]}}',
        'k8s.ovn.org/node-subnets': '{"default":["10.128.4.0/23"]}',
      },
      ['192.0.2.1', 'fd00::1', '192.0.2.3', '10.128.4.2'],
    ],
    ['Kube-OVN', { 'ovn.kubernetes.io/ip_address': '100.64.0.2,fd00:100:64::2' }, ['100.64.0.2', 'fd00:100:64::2']],
    ['Antrea', { 'node.antrea.io/transport-addresses': '192.0.2.7,fd00::7' }, ['192.0.2.7', 'fd00::7']],
    ['k3s', { 'k3s.io/internal-ip': '192.0.2.8, fd00::8' }, ['192.0.2.8', 'fd00::8']],
    ['kube-router', { 'kube-router.io/bgp-local-addresses': '192.0.2.10' }, ['192.0.2.10']],
    ['others and nonsense', { 'node.alpha.kubernetes.io/ttl': '0', 'example.com/ip': '1.2.3.4', 'k8s.ovn.org/host-cidrs': '[broken' }, []],
  ])('%s', (_name, annotations, expected) => {
    const object = {
      kind: 'Node',
      metadata: { name: 'n', annotations },
      status: {
        addresses: [
          { type: 'InternalIP', address: '172.18.0.2' },
          { type: 'Hostname', address: 'n' },
          { type: 'ExternalIP', address: '203.0.113.2' },
        ],
      },
    };
    const { node } = only('node', object);
    expect(node.addresses.slice(0, 2)).toEqual(['172.18.0.2', '203.0.113.2']);
    expect(node.addresses.slice(2).toSorted()).toEqual(expected.toSorted());
  });

  test('pod ranges of the spec and of the plugin', () => {
    const metadata = {
      name: 'n',
      annotations: { 'network.cilium.io/ipv4-pod-cidr': '10.9.1.0/24', 'kube-router.io/pod-cidrs': '10.8.0.0/24,fd00:8::/64' },
    };
    const { node } = only('node', {
      kind: 'Node',
      metadata,
      spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'FD00:10:244:1::/64'] },
    });
    expect(node.podCIDRs).toEqual(['10.244.1.0/24', 'fd00:10:244:1::/64', '10.9.1.0/24', '10.8.0.0/24', 'fd00:8::/64']);
  });
});
