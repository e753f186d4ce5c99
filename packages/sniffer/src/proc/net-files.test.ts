import { describe, expect, test } from 'vitest';
import { parseFibTrie, parseIfInet6 } from './addresses.ts';
import { parseAddress } from '@nm/core';
import { isOnRoute, parseLocalRoutes } from './routes.ts';
import { decodeSocketCounters, parseSocketsInUse } from './socket-counters.ts';

describe('parseFibTrie', () => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.244.1.0/24 2 0 2
        |-- 10.244.1.0
           /24 link UNICAST
        |-- 10.244.1.7
           /32 host LOCAL
        |-- 10.244.1.255
           /32 link BROADCAST
Local:
  +-- 127.0.0.0/8 2 0 2
     +-- 127.0.0.0/31 1 0 0
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 127.255.255.255
        /32 link BROADCAST
  |-- 10.244.1.7
     /32 host LOCAL
  |-- 192.168.5.5
     /32 link UNICAST
     /32 host LOCAL
`;
  test.each([
    ['two tables', trie, ['10.244.1.7', '192.168.5.5']],
    ['loopback only', 'Local:\n  |-- 127.0.0.1\n     /32 host LOCAL\n', []],
    ['garbage', '\0\0|-- x\n/32 host LOCAL\n', []],
    ['empty', '', []],
  ])('%s', (_name, text, expected) => expect(parseFibTrie(text)).toEqual(expected));
});

describe('parseIfInet6', () => {
  test.each([
    ['global', 'fd000000000000000000000000000007 02 40 00 80     eth0\n', [{ address: 'fd00::7', device: 'eth0' }]],
    [
      'loopback and link-local',
      '00000000000000000000000000000001 01 80 10 80       lo\nfe80000000000000a8bb13fffe3c1c2e 02 40 20 80 eth0\n',
      [],
    ],
    ['cut line', 'fd0000000000000000000000000000', []],
    ['empty', '', []],
  ])('%s', (_name, text, expected) => expect(parseIfInet6(text)).toEqual(expected));
});

describe('decodeSocketCounters', () => {
  const decode = (text: string): unknown => decodeSocketCounters(Buffer.from(`${text}rest of a longer file`), text.length);
  const udp = 'Udp: InDatagrams NoPorts OutDatagrams\nUdp: 4 0 8\nUdpLite: InDatagrams\nUdpLite: 0\n';
  test.each([
    [
      'in the order of today',
      `Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens CurrEstab\nTcp: 1 -1 5 6 7\n${udp}`,
      { opens: 11, open: 7, datagrams: 12 },
    ],
    ['in another order', `Tcp: CurrEstab PassiveOpens ActiveOpens\nTcp: 7 60 5\n${udp}`, { opens: 65, open: 7, datagrams: 12 }],
    ['without UDP', 'Tcp: ActiveOpens PassiveOpens CurrEstab\nTcp: 1 2 3\n', { opens: 3, open: 3, datagrams: 0 }],
    ['no such file', 'Ip: x\n', undefined],
    ['names without values', 'Tcp: ActiveOpens PassiveOpens CurrEstab\n', undefined],
    ['empty', '', undefined],
  ])('%s', (_name, text, expected) => expect(decode(text)).toEqual(expected));
});

test.each([
  ['both families', 'sockets: used 3\nTCP: inuse 2 orphan 0 tw 5 alloc 9 mem 1\n', 'TCP6: inuse 4\n', { tcp: 2, tcp6: 4, timeWait: 5 }],
  ['a kernel without IPv6', 'TCP: inuse 2 orphan 0 tw 0 alloc 9 mem 1\n', '', { tcp: 2, tcp6: 0, timeWait: 0 }],
  ['not readable', '', '', undefined],
])('parseSocketsInUse: %s', (_name, sockstat, sockstat6, expected) => expect(parseSocketsInUse(sockstat, sockstat6)).toEqual(expected));

describe('parseLocalRoutes', () => {
  const route4 = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'cni0\t0001F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'flannel.1\t0002F40A\t0002F40A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'cali1\t0503F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0',
  ].join('\n');
  const zero = '0'.repeat(32);
  const route6 = [
    `fd000000000000000000000000010000 70 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     cni0`,
    `fe800000000000000000000000000000 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     cni0`,
    `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0`,
  ].join('\n');
  test.each([
    ['a pod on the bridge', '10.244.1.9', true],
    ['a pod with a route of its own', '10.244.3.5', true],
    ['a pod of another node', '10.244.2.9', false],
    ['another node', '192.168.0.7', false],
    ['the internet', '198.51.100.1', false],
    ['an IPv6 pod', 'fd00::1:9', true],
    ['another IPv6 pod', 'fd00::2:9', false],
    ['link-local', 'fe80::1', false],
  ])('%s', (_name, address, expected) => {
    expect(isOnRoute(parseLocalRoutes(route4, route6), parseAddress(address) ?? new Uint8Array(4))).toBe(expected);
  });
});
