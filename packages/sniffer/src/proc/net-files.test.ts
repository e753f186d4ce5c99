import { describe, expect, test } from 'vitest';
import { parseFibTrie, parseIfInet6 } from './addresses.ts';
import { parseSocketCounters } from './snmp.ts';

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

describe('parseSocketCounters', () => {
  const snmp = (active: number, passive: number, established: number, out: number): string =>
    `Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm ActiveOpens PassiveOpens CurrEstab\nTcp: 1 ${active} ${passive} ${established}\nUdp: InDatagrams NoPorts OutDatagrams\nUdp: 4 0 ${out}\nUdpLite: InDatagrams\nUdpLite: 0\n`;
  const before = parseSocketCounters(snmp(5, 6, 7, 8));
  test.each([
    ['nothing', snmp(5, 6, 7, 8), true, true],
    ['a connection opened', snmp(6, 6, 8, 8), false, true],
    ['a connection accepted', snmp(5, 7, 8, 8), false, true],
    ['a connection closed', snmp(5, 6, 6, 8), false, true],
    ['a datagram', snmp(5, 6, 7, 9), true, false],
  ])('%s', (_name, text, sameTcp, sameUdp) => {
    const after = parseSocketCounters(text);
    expect([after?.tcp === before?.tcp, after?.udp === before?.udp]).toEqual([sameTcp, sameUdp]);
  });
  test('not such a file', () => expect(parseSocketCounters('Ip: x\n')).toBeUndefined());
});
