import { describe, expect, test } from 'vitest';
import { SocketTableParser } from './socket-table-parser.ts';
import { SOCKET_TCP, SOCKET_UDP } from './socket-rows.ts';
import { ACTIVITY_BUCKET_MS, createSocketObserver } from './sockets.ts';
import type { SocketObserver } from './sockets.ts';

const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const T0 = 1_800_000_000_000;

/** `10.0.0.1:80` as procfs writes it on a little-endian machine. */
function end(address: string): string {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1))
    .toString(16)
    .padStart(4, '0')
    .toUpperCase();
  const hex = address
    .slice(0, at)
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase());
  return `${hex.reverse().join('')}:${port}`;
}

function line(local: string, remote: string, state: string, inode = 1): string {
  const ends = local.includes('.') ? `${end(local)} ${end(remote)}` : `${local} ${remote}`;
  return `   0: ${ends} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
}

function push(observer: SocketObserver, protocol: number, text: string, pieceBytes = 1 << 20): SocketTableParser {
  const parser = new SocketTableParser(observer.rows);
  parser.begin(protocol);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    parser.push(piece, piece.length);
  }
  parser.end();
  return parser;
}

function round(observer: SocketObserver, at: number, namespaces: Record<string, { tcp?: string; udp?: string; pod?: string }>): unknown[] {
  for (const [id, { tcp, udp, pod }] of Object.entries(namespaces)) {
    observer.namespace({ id, ...(pod === undefined ? {} : { podUid: pod }) });
    if (tcp !== undefined) push(observer, SOCKET_TCP, HEADER + tcp);
    if (udp !== undefined) push(observer, SOCKET_UDP, HEADER + udp);
  }
  return observer.end(at);
}

describe('SocketTableParser', () => {
  const v6 = (hex: string): string => hex;
  const rows: readonly [name: string, text: string, expected: readonly unknown[]][] = [
    ['IPv4', line('10.0.0.1:80', '10.0.0.2:40000', '01', 77), [[[10, 0, 0, 1], 80, [10, 0, 0, 2], 40000, 1, 77]]],
    [
      'IPv6',
      line(v6('000000FD000000000000000005000000:1F90'), v6('000000FD000000000000000006000000:9C40'), '01'),
      [[[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], 8080, [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6], 40000, 1, 1]],
    ],
    [
      'IPv4-mapped',
      line('0000000000000000FFFF00000100000A:0050', '0000000000000000FFFF00000200000A:9C40', '01'),
      [[[10, 0, 0, 1], 80, [10, 0, 0, 2], 40000, 1, 1]],
    ],
    ['no newline at the end', line('10.0.0.1:80', '10.0.0.2:40000', '0A').trimEnd(), [[[10, 0, 0, 1], 80, [10, 0, 0, 2], 40000, 10, 1]]],
    [
      'garbage between lines',
      `nonsense\n${line('10.0.0.1:80', '10.0.0.2:40000', '01')}\0\0\0\n`,
      [[[10, 0, 0, 1], 80, [10, 0, 0, 2], 40000, 1, 1]],
    ],
    [
      'a line of 10,000 bytes',
      `${'x'.repeat(10_000)}\n${line('10.0.0.1:80', '10.0.0.2:40000', '01')}`,
      [[[10, 0, 0, 1], 80, [10, 0, 0, 2], 40000, 1, 1]],
    ],
    ['empty', '', []],
  ];
  test.each(rows.flatMap((row) => [1, 7, 4096].map((piece) => [...row, piece] as const)))('%s', (_name, text, expected, piece) => {
    const observer = createSocketObserver();
    push(observer, SOCKET_TCP, HEADER + text, piece);
    const { rows: found } = observer;
    const actual = Array.from({ length: found.length }, (_, i) => [
      [...found.local(i)],
      found.localPort[i],
      [...found.remote(i)],
      found.remotePort[i],
      found.state[i],
      found.inode[i],
    ]);
    expect(actual).toEqual(expected);
  });

  test('counts what is no socket', () => {
    expect(push(createSocketObserver(), SOCKET_TCP, `${HEADER}a\nb: x\n${line('1.2.3.4:1', '1.2.3.5:2', '01')}`).malformed).toBe(1);
  });

  test('a table beyond the bound is counted, not kept', () => {
    const observer = createSocketObserver({ maxRows: 1024 });
    observer.namespace({ id: 'a' });
    push(observer, SOCKET_TCP, HEADER + line('10.0.0.1:50000', '10.0.0.2:80', '01').repeat(1030));
    observer.end(T0);
    expect(observer.counts.overflow).toBe(6);
  });
});

describe('createSocketObserver', () => {
  const client = {
    source: { address: '10.0.0.1', port: 40000 },
    destination: { address: '10.0.0.2', port: 80, protocol: 'TCP' },
    directionGuessed: true,
  };

  test('the side that listens is the server', () => {
    const tcp =
      line('0.0.0.0:8080', '0.0.0.0:0', '0A') + line('10.0.0.1:8080', '10.0.0.9:3000', '01') + line('10.0.0.1:8080', '10.0.0.9:3001', '06');
    expect(round(createSocketObserver(), T0, { a: { tcp, pod: 'uid-a' } })).toEqual([
      {
        kind: 'socket',
        vantage: 'server',
        count: 2,
        firstSeenAt: T0,
        lastSeenAt: T0,
        source: { address: '10.0.0.9' },
        destination: { address: '10.0.0.1', port: 8080, protocol: 'TCP', podUid: 'uid-a' },
      },
    ]);
  });

  test.each([
    ['lower port is the server', line('10.0.0.1:40000', '10.0.0.2:80', '01'), [{ ...client, vantage: 'client' }]],
    ['also when it is ours', line('10.0.0.2:80', '10.0.0.1:40000', '01'), [{ ...client, vantage: 'server' }]],
    ['SYN_SENT is no connection', line('10.0.0.1:40000', '10.0.0.2:80', '02'), []],
    ['CLOSE_WAIT is one', line('10.0.0.1:40000', '10.0.0.2:80', '08'), [{ ...client, vantage: 'client' }]],
    ['loopback is none', line('127.0.0.1:40000', '127.0.0.1:80', '01'), []],
    ['own address is none', line('10.0.0.1:40000', '10.0.0.1:80', '01'), []],
    ['::1 is none', line('00000000000000000000000001000000:9C40', '00000000000000000000000001000000:0050', '01'), []],
  ])('%s', (_name, tcp, expected) => {
    expect(round(createSocketObserver(), T0, { a: { tcp } })).toEqual(
      expected.map((row) => expect.objectContaining({ kind: 'socket', count: 1, ...row })),
    );
  });

  test('both ends on this node: the client knows the server behind the Service', () => {
    const found = round(createSocketObserver(), T0, {
      client: { tcp: line('10.0.0.1:40000', '10.96.0.7:80', '01'), pod: 'c' },
      server: { tcp: line('0.0.0.0:8080', '0.0.0.0:0', '0A') + line('10.0.0.2:8080', '10.0.0.1:40000', '01'), pod: 's' },
    });
    expect(found).toEqual([
      {
        kind: 'socket',
        vantage: 'client',
        count: 1,
        firstSeenAt: T0,
        lastSeenAt: T0,
        source: { address: '10.0.0.1', podUid: 'c' },
        destination: { address: '10.0.0.2', port: 8080, protocol: 'TCP', asked: { address: '10.96.0.7', port: 80 } },
      },
      expect.objectContaining({
        vantage: 'server',
        source: { address: '10.0.0.1' },
        destination: { address: '10.0.0.2', port: 8080, protocol: 'TCP', podUid: 's' },
      }),
    ]);
  });

  test('connected UDP sockets', () => {
    const udp =
      line('0.0.0.0:5000', '0.0.0.0:0', '07') + line('10.0.0.1:5000', '10.0.0.3:999', '01') + line('10.0.0.1:41000', '10.0.0.4:8125', '01');
    expect(round(createSocketObserver(), T0, { a: { udp } })).toEqual([
      expect.objectContaining({
        kind: 'udp',
        vantage: 'server',
        source: { address: '10.0.0.3' },
        destination: { address: '10.0.0.1', port: 5000, protocol: 'UDP' },
      }),
      expect.objectContaining({ kind: 'udp', vantage: 'client', destination: { address: '10.0.0.4', port: 8125, protocol: 'UDP' } }),
    ]);
  });

  test('a connection counts once; presence is told once per bucket', () => {
    const observer = createSocketObserver();
    const one = line('10.0.0.1:40000', '10.0.0.2:80', '01');
    const two = one + line('10.0.0.1:40001', '10.0.0.2:80', '01');
    const start = Math.ceil(T0 / ACTIVITY_BUCKET_MS) * ACTIVITY_BUCKET_MS;
    const countsAt = (at: number, tcp: string): unknown =>
      round(observer, at, { a: { tcp } }).map((row) => (row as { count: number }).count);
    expect(countsAt(start, one)).toEqual([1]);
    expect(countsAt(start + 1_000, one)).toEqual([]);
    expect(countsAt(start + 2_000, two)).toEqual([1]);
    expect(countsAt(start + ACTIVITY_BUCKET_MS, two)).toEqual([0]);
    expect(countsAt(start + ACTIVITY_BUCKET_MS + 1, two)).toEqual([]);
    expect(countsAt(start + ACTIVITY_BUCKET_MS + 2, '')).toEqual([]);
  });

  test('without a table: presence is told once per bucket', () => {
    const observer = createSocketObserver();
    const start = Math.ceil(T0 / ACTIVITY_BUCKET_MS) * ACTIVITY_BUCKET_MS;
    round(observer, start, { a: { tcp: line('10.0.0.1:40000', '10.0.0.2:80', '01') } });
    expect(observer.still('a', start + 1)).toEqual([]);
    const later = start + ACTIVITY_BUCKET_MS;
    expect(observer.still('a', later)).toEqual([expect.objectContaining({ ...client, count: 0, lastSeenAt: later })]);
    expect(observer.still('a', later + 1)).toEqual([]);
    expect(observer.still('unknown', later)).toEqual([]);
  });

  test('owners of a shared namespace are told apart by socket', () => {
    const observer = createSocketObserver();
    observer.namespace({ id: 'host', ownerOf: (inode) => (inode === 5 ? 'pod-five' : undefined) });
    push(observer, SOCKET_TCP, HEADER + line('10.0.0.1:40000', '10.0.0.2:80', '01', 5) + line('10.0.0.1:40001', '10.0.0.2:80', '01', 6));
    expect(observer.end(T0).map((row) => row.source.podUid)).toEqual(['pod-five', undefined]);
  });

  test('listeners', () => {
    const observer = createSocketObserver();
    round(observer, T0, { a: { tcp: line('0.0.0.0:22', '0.0.0.0:0', '0A', 9), udp: line('0.0.0.0:53', '0.0.0.0:0', '07', 8) } });
    expect(observer.listeners('a')).toEqual([
      { port: 22, protocol: 'TCP', inode: 9 },
      { port: 53, protocol: 'UDP', inode: 8 },
    ]);
  });
});
