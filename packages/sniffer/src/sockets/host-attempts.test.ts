import { parseAddress } from '@nm/core';
import type { PacketView } from '@nm/core';
import { expect, test } from 'vitest';
import { createHostAttempts } from './host-attempts.ts';
import type { HostAttempts } from './host-attempts.ts';
import type { DiagSocket } from './socket-diag.ts';

const NODE = '192.0.2.1';
const SERVER = '198.51.100.7';
const SERVICE = '10.96.0.10';
const ESTABLISHED = 1;
const TIME_WAIT = 6;
const FLOW = { client: NODE, destination: SERVER, port: 443 };

const bytesOf = (address: string): Uint8Array => parseAddress(address) ?? new Uint8Array(4);

function socket(localPort: number, rest: Partial<DiagSocket> = {}): DiagSocket {
  const ends = { family: 4, local: bytesOf(NODE), localPort, remote: bytesOf(SERVER), remotePort: 443 } as const;
  return { state: ESTABLISHED, inode: localPort, cgroup: 0, ...ends, ...rest };
}

interface World {
  sockets: readonly DiagSocket[];
  /** Pods by inode. */
  owners: Readonly<Record<number, string>>;
  looks: number;
  haveCgroups?: boolean;
}

function create(world: World, onSearch: () => void = () => undefined): HostAttempts {
  const attempts = createHostAttempts({
    cpuMs: () => 0,
    diag: {
      find: ({ localPort, remote }) => world.sockets.find((one) => one.localPort === localPort && String(one.remote) === String(remote)),
      each: (onSocket) => {
        onSearch();
        world.sockets.forEach(onSocket);
        return true;
      },
    },
    view: {
      scan: () => undefined,
      findSocketOwners: () => void (world.looks += 1),
      ownerOfSocket: (inode) => world.owners[inode],
      haveOwnCgroups: () => world.haveCgroups !== false,
    },
  });
  attempts.setNodeAddresses([NODE]);
  return attempts;
}

function notice(attempts: HostAttempts, sourcePort: number, at = 1, source = NODE): void {
  const bytes = Uint8Array.from([...bytesOf(source), ...bytesOf(SERVER)]);
  const view: Partial<PacketView> = { at, family: 4, sourceOffset: 0, destinationOffset: 4, sourcePort, destinationPort: 443 };
  attempts.notice(bytes, view as PacketView);
}

const other = socket(40_001, { remote: bytesOf('203.0.113.9') });
const translated = socket(40_001, { remote: bytesOf(SERVICE), remotePort: 80 });
const asked = { address: SERVICE, port: 80 };
test.each<[string, readonly DiagSocket[], object, readonly object[], string]>([
  ['a pod', [socket(40_001)], { 40_001: 'pod-a' }, [{ podUid: 'pod-a', count: 1 }], 'pod'],
  ['a process of no pod', [socket(40_001)], {}, [], 'process'],
  ['closed before it was asked for', [], {}, [], 'gone'],
  ['closed, its port not free yet', [socket(40_001, { state: TIME_WAIT, inode: 0 })], {}, [], 'gone'],
  ['connected to a Service, translated', [translated], { 40_001: 'pod-a' }, [{ podUid: 'pod-a', count: 1, asked }], 'pod'],
  ['closed, others have the port now', [translated, other], { 40_001: 'pod-a' }, [], 'gone'],
])('%s', (_name, sockets, owners, taken, outcome) => {
  const world: World = { sockets: [], owners: owners as World['owners'], looks: 0 };
  const attempts = create(world);
  world.sockets = sockets;
  notice(attempts, 40_001);
  attempts.resolve(1);
  expect(attempts.take(FLOW, 1)).toMatchObject(taken);
  expect(attempts.counts).toEqual({ pod: 0, process: 0, gone: 0, skipped: 0, [outcome]: 1 });
});

test('a port that moved on to where packets are seen going is not a translated one', () => {
  const world: World = { sockets: [], owners: { 40_001: 'pod-b' }, looks: 0 };
  const attempts = create(world);
  world.sockets = [other];
  attempts.notice(Uint8Array.from([...bytesOf(NODE), ...bytesOf('203.0.113.9')]), {
    at: 1,
    family: 4,
    sourceOffset: 0,
    destinationOffset: 4,
    sourcePort: 40_001,
    destinationPort: 443,
  } as PacketView);
  attempts.resolve(1);
  notice(attempts, 40_001);
  attempts.resolve(2);
  expect(attempts.take(FLOW, 2)).toEqual([]);
});

test.each([
  ['that was there before', true, []],
  ['whose own attempt was seen', false, [{ podUid: 'pod-a' }]],
] as const)('a connection to a Service %s is not that of another attempt from its port', (_name, isOld, ofIts) => {
  const world: World = { sockets: isOld ? [translated] : [], owners: { 40_001: 'pod-a' }, looks: 0 };
  const attempts = create(world);
  world.sockets = [translated];
  if (!isOld) notice(attempts, 40_001, 1);
  attempts.resolve(1);
  expect(attempts.take(FLOW, 1)).toMatchObject(ofIts);
  notice(attempts, 40_001, 2);
  attempts.resolve(2);
  expect([attempts.take(FLOW, 2), attempts.counts.gone]).toEqual([[], 1]);
});

test('a pod that is known by its cgroup is not looked for again, nor is a process of none', () => {
  const world: World = { sockets: [], owners: { 40_001: 'pod-a' }, looks: 0 };
  const attempts = create(world);
  for (const [port, cgroup] of [
    [40_001, 7],
    [40_002, 7],
    [40_003, 8],
    [40_004, 8],
  ] as const) {
    world.sockets = [socket(port, { cgroup })];
    notice(attempts, port);
    attempts.resolve(1);
  }
  expect(attempts.take(FLOW, 1)).toMatchObject([{ podUid: 'pod-a', count: 2 }]);
  expect(attempts.counts).toMatchObject({ pod: 2, process: 2 });
  // The first inode was known already; the first of the other cgroup had to be looked for.
  expect(world.looks).toBe(1);
});

test('where pods share cgroups of version 2 each socket is looked for', () => {
  const world: World = { sockets: [], owners: {}, looks: 0, haveCgroups: false };
  const attempts = create(world);
  for (const port of [40_001, 40_002]) {
    world.sockets = [socket(port, { cgroup: 7 })];
    world.owners = port === 40_002 ? { 40_002: 'pod-a' } : {};
    notice(attempts, port);
    attempts.resolve(1);
  }
  expect(attempts.counts).toMatchObject({ pod: 1, process: 1 });
});

test('attempts are taken with the flow that counts them, and only the node is asked about', () => {
  const world: World = { sockets: [socket(40_001), socket(40_002)], owners: { 40_001: 'pod-a', 40_002: 'pod-a' }, looks: 0 };
  const attempts = create(world);
  notice(attempts, 40_001, 10);
  notice(attempts, 40_002, 20);
  notice(attempts, 40_003, 20, '10.1.0.5');
  attempts.resolve(20);
  expect(attempts.take(FLOW, 15)).toEqual([{ podUid: 'pod-a', count: 1, firstSeenAt: 10, lastSeenAt: 10 }]);
  expect(attempts.take(FLOW, 25)).toEqual([{ podUid: 'pod-a', count: 1, firstSeenAt: 20, lastSeenAt: 20 }]);
  expect(attempts.take(FLOW, 30)).toEqual([]);
});

test('a destination behind which no translated connection was found is looked for ever more seldom, until one is', () => {
  const world: World = { sockets: [], owners: { 40_001: 'pod-a' }, looks: 0 };
  let searches = 0;
  const attempts = create(world, () => (searches += 1));
  searches = 0;
  const searchedAt = (from: number, to: number): number[] => {
    const found: number[] = [];
    for (let second = from; second < to; second++) {
      const before = searches;
      for (const port of [50_000 + second, 51_000 + second]) notice(attempts, port, second);
      attempts.resolve(second * 1_000);
      if (searches > before) found.push(second);
    }
    return found;
  };
  expect(searchedAt(0, 100)).toEqual([0, 1, 3, 7, 15, 31, 63]);
  world.sockets = [translated];
  notice(attempts, 40_001, 200);
  attempts.resolve(200_000);
  world.sockets = [];
  expect(attempts.counts.pod).toBe(1);
  expect(searchedAt(201, 206)).toEqual([201, 202, 204]);
});

test('what is asked for at once is bounded', () => {
  const attempts = create({ sockets: [], owners: {}, looks: 0 });
  for (let port = 1; port <= 1_000; port++) notice(attempts, port);
  attempts.resolve(1);
  expect(attempts.counts).toMatchObject({ skipped: 872, gone: 128 });
});
