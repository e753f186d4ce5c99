import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadProcDump } from './proc-dump.ts';

const CLIENT = '11111111-1111-4111-8111-111111111111';
const SERVER = '22222222-2222-4222-8222-222222222222';
const HOST = '33333333-3333-4333-8333-333333333333';
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, inode: number): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 20 4 30 10 -1\n`;
const cgroup = (uid: string): string => `0::/kubepods/besteffort/pod${uid}/abc\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/nm-proc-`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

describe('loadProcDump', () => {
  test('two pods and the node: owners, directions, the server behind a Service address', async () => {
    write({
      time: '2026-01-02T03:04:05Z\n',
      '10/cgroup': cgroup(CLIENT),
      '10/ns/net.readlink': 'net:[1]',
      // 10.0.0.1:40000 -> 10.96.0.7:80, which is the pod 10.0.0.2:8080
      '10/net/tcp': HEADER + row('0100000A:9C40', '0700600A:0050', '01', 5),
      '11/cgroup': cgroup(CLIENT),
      '11/ns/net.readlink': 'net:[1]',
      '11/net/tcp': HEADER + row('0100000A:9C40', '0700600A:0050', '01', 5),
      '20/cgroup': cgroup(SERVER),
      '20/ns/net.readlink': 'net:[2]',
      '20/net/tcp6':
        HEADER +
        row('00000000000000000000000000000000:1F90', '00000000000000000000000000000000:0000', '0A', 6) +
        row('0000000000000000FFFF00000200000A:1F90', '0000000000000000FFFF00000100000A:9C40', '01', 7),
      '1/cgroup': '0::/init.scope\n',
      '1/ns/net.readlink': 'net:[0]',
      // The node 192.168.0.1:50000 -> 203.0.113.5:443, held by a host-network pod
      '1/net/tcp': HEADER + row('0100A8C0:C350', '057100CB:01BB', '01', 99),
      '2/cgroup': cgroup(HOST),
      '2/ns/net.readlink': 'net:[0]',
      '2/net/tcp': HEADER,
      '2/fd.readlinks': '/dev/null\nsocket:[98]\nsocket:[99]\n',
    });
    const { observations, warnings, at } = await loadProcDump(folder);
    expect([at, warnings]).toEqual([Date.parse('2026-01-02T03:04:05Z'), []]);
    expect(observations).toHaveLength(3);
    expect(observations).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          count: 1,
          vantage: 'client',
          source: { address: '10.0.0.1', podUid: CLIENT },
          destination: { address: '10.0.0.2', port: 8080, protocol: 'TCP', asked: { address: '10.96.0.7', port: 80 } },
        }),
        expect.objectContaining({
          count: 1,
          vantage: 'server',
          source: { address: '10.0.0.1' },
          destination: { address: '10.0.0.2', port: 8080, protocol: 'TCP', podUid: SERVER },
        }),
        expect.objectContaining({
          count: 1,
          vantage: 'client',
          source: { address: '192.168.0.1', port: 50_000, podUid: HOST },
          destination: { address: '203.0.113.5', port: 443, protocol: 'TCP' },
          directionGuessed: true,
        }),
      ]),
    );
  });

  test('without a time: the newest folder, with a warning', async () => {
    write({ '10/net/tcp': HEADER });
    const { observations, warnings } = await loadProcDump(folder);
    expect(observations).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('has no file "time"')]);
  });

  test('lines that are no sockets are counted', async () => {
    write({ time: '2026-01-02T03:04:05Z', '10/net/tcp': `${HEADER}garbage\n` });
    expect((await loadProcDump(folder)).warnings).toEqual([expect.stringContaining('1 lines')]);
  });

  test.each([
    ['no PID folders', '', 'proc-dump-empty'],
    ['no folder', '/nowhere', 'proc-dump-unreadable'],
  ])('%s', async (_name, suffix, code) => {
    await expect(loadProcDump(folder + suffix)).rejects.toMatchObject({ code });
  });
});
