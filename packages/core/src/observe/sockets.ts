import { formatAddress } from '../model/address.ts';
import type { TransportProtocol, Vantage } from '../model/edge.ts';
import type { Observation } from '../model/observation.ts';
import { hashNumber, startHash, finishHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import { KeySet } from './key-set.ts';
import { SocketRows, SOCKET_CLOSE, SOCKET_LISTEN, SOCKET_SYN_SENT, SOCKET_TCP } from './socket-rows.ts';

/** Rule 4 and 23: presence is known per bucket of this length. */
export const ACTIVITY_BUCKET_MS = 5 * 60 * 1000;
/** Groups of one round; more are counted as lost. */
export const MAX_SOCKET_GROUPS = 65_536;

/** One network namespace of a round. */
export interface SocketNamespace {
  /** Number of the namespace (its inode), or any text that stays the same for it. */
  readonly id: string;
  /** Pod that owns the namespace, if it belongs to one. */
  readonly podUid?: string;
  /** For a namespace that several owners share (the node's own): the pod whose process holds the socket. */
  readonly ownerOf?: (inode: number) => string | undefined;
}

export interface SocketListener {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly inode: number;
}

export interface SocketObserverCounts {
  connections: number;
  /** Sockets or groups that found no room. */
  overflow: number;
}

/**
 * Turns tables of open sockets into observations (rule 4): distinct connections when first seen, and once per activity
 * bucket those that are still there, with count 0. A round is begin, any number of namespaces, end.
 */
export interface SocketObserver {
  /** Rows of the round; the caller parses tables into it between `namespace` calls. */
  readonly rows: SocketRows;
  readonly counts: Readonly<SocketObserverCounts>;
  /** The rows added from here on belong to this namespace. */
  namespace(namespace: SocketNamespace): void;
  /** Ends the round at `at` (ms since the epoch). */
  end(at: number): Observation[];
  /**
   * The namespace's counters stand still, so what was open is open: its presence in the activity bucket of `at`, unless
   * that was told already. Needs no table.
   */
  still(id: string, at: number): Observation[];
  /** Kinds of connections of a namespace (ends and direction) that its last look found and the one before had not. */
  newGroups(id: string): number;
  /** Listening sockets of a namespace in the round that ended last. */
  listeners(id: string): readonly SocketListener[];
  /** Forgets a namespace that is gone. */
  forget(id: string): void;
}

interface Known {
  connections: KeySet;
  bucket: number;
  listeners: readonly SocketListener[];
  /** What was open at the last look. */
  present: readonly Observation[];
  /** Keys of its groups. */
  groups: ReadonlySet<number>;
  newGroups: number;
  /** Keys of the groups that were told in this bucket. */
  told: ReadonlySet<number>;
}

interface Group {
  readonly row: number;
  readonly vantage: Vantage;
  readonly guessed: boolean;
  readonly owner: string | undefined;
  readonly link: number;
  count: number;
}

const LOCAL = 0;
const REMOTE = 4;
const NO_LINK = -1;

export function createSocketObserver(options: { readonly seed?: number; readonly maxRows?: number } = {}): SocketObserver {
  const seed = options.seed ?? 0x2545f491;
  const rows = options.maxRows === undefined ? new SocketRows() : new SocketRows(options.maxRows);
  const counts: SocketObserverCounts = { connections: 0, overflow: 0 };
  const known = new Map<string, Known>();
  const starts: { readonly namespace: SocketNamespace; readonly from: number }[] = [];
  const key: Hash64 = { high: 0, low: 0 };
  const listening = new Uint8Array(65_536 * 2);
  /** Server side of each connection in this round, by the client's address and port. */
  const serverRows = new Map<number, number>();
  /** Ends at which a listener of this round was seen serving. */
  const servingEnds = new Set<number>();

  const hashEnd = (row: number, side: number, port: number): number => {
    startHash(key, seed);
    const at = row * 8 + side;
    for (let word = at; word < at + 4; word++) hashNumber(key, rows.words[word] ?? 0);
    hashNumber(key, port * 256 + (rows.protocol[row] ?? 0));
    finishHash(key);
    return (key.high & 0x1fffff) * 0x1_0000_0000 + (key.low >>> 0);
  };

  const connectionKey = (row: number): void => {
    startHash(key, seed);
    for (let word = row * 8; word < row * 8 + 8; word++) hashNumber(key, rows.words[word] ?? 0);
    hashNumber(key, (rows.localPort[row] ?? 0) * 65_536 + (rows.remotePort[row] ?? 0));
    hashNumber(key, rows.protocol[row] ?? 0);
    finishHash(key);
  };

  const listenIndex = (row: number): number => (rows.localPort[row] ?? 0) + (rows.protocol[row] === SOCKET_TCP ? 0 : 65_536);

  const markListeners = (from: number, to: number): SocketListener[] => {
    listening.fill(0);
    const found: SocketListener[] = [];
    for (let row = from; row < to; row++) {
      const isTcp = rows.protocol[row] === SOCKET_TCP;
      const state = rows.state[row];
      const isListener = isTcp ? state === SOCKET_LISTEN : state === SOCKET_CLOSE && rows.remotePort[row] === 0;
      if (!isListener) continue;
      listening[listenIndex(row)] = 1;
      found.push({ port: rows.localPort[row] ?? 0, protocol: isTcp ? 'TCP' : 'UDP', inode: rows.inode[row] ?? 0 });
    }
    return found;
  };

  /** First pass over a namespace: who listens, and the server side of every connection. */
  const prepare = (namespace: SocketNamespace, from: number, to: number): void => {
    const listeners = markListeners(from, to);
    const before = known.get(namespace.id);
    if (before === undefined) known.set(namespace.id, createKnown(listeners));
    else before.listeners = listeners;
    for (let row = from; row < to; row++) {
      if (isConnection(rows, row) && listening[listenIndex(row)] === 1)
        serverRows.set(hashEnd(row, REMOTE, rows.remotePort[row] ?? 0), row);
    }
  };

  const side = (row: number): { readonly vantage: Vantage; readonly guessed: boolean; readonly link: number } => {
    if (listening[listenIndex(row)] === 1) return { vantage: 'server', guessed: false, link: NO_LINK };
    const link = serverRows.get(hashEnd(row, LOCAL, rows.localPort[row] ?? 0)) ?? NO_LINK;
    if (link !== NO_LINK) return { vantage: 'client', guessed: false, link };
    if (servingEnds.has(hashEnd(row, REMOTE, rows.remotePort[row] ?? 0))) return { vantage: 'client', guessed: false, link };
    // A UDP socket that is connected while nobody waits on its port belongs to a client.
    if (rows.protocol[row] !== SOCKET_TCP) return { vantage: 'client', guessed: true, link };
    return { vantage: (rows.localPort[row] ?? 0) < (rows.remotePort[row] ?? 0) ? 'server' : 'client', guessed: true, link };
  };

  const groupOf = (groups: Map<number, Group>, row: number, namespace: SocketNamespace): Group | undefined => {
    const { vantage, guessed, link } = side(row);
    const owner = namespace.podUid ?? namespace.ownerOf?.(rows.inode[row] ?? 0);
    startHash(key, seed);
    for (let word = row * 8; word < row * 8 + 8; word++) hashNumber(key, rows.words[word] ?? 0);
    hashNumber(key, vantage === 'server' ? (rows.localPort[row] ?? 0) : (rows.remotePort[row] ?? 0));
    hashNumber(key, (rows.protocol[row] ?? 0) + (vantage === 'server' ? 256 : 0) + (guessed ? 512 : 0));
    if (link !== NO_LINK) {
      hashNumber(key, rows.localPort[link] ?? 0);
      for (let word = link * 8; word < link * 8 + 4; word++) hashNumber(key, rows.words[word] ?? 0);
    }
    if (owner !== undefined) for (let i = 0; i < owner.length; i++) hashNumber(key, owner.charCodeAt(i));
    finishHash(key);
    const id = (key.high & 0x1fffff) * 0x1_0000_0000 + (key.low >>> 0);
    const existing = groups.get(id);
    if (existing !== undefined) return existing;
    if (groups.size >= MAX_SOCKET_GROUPS) {
      counts.overflow += 1;
      return undefined;
    }
    const group: Group = { row, vantage, guessed, owner, link, count: 0 };
    groups.set(id, group);
    return group;
  };

  const observe = (namespace: SocketNamespace, from: number, to: number, at: number): Observation[] => {
    const state = known.get(namespace.id);
    if (state === undefined) return [];
    markListeners(from, to);
    const groups = new Map<number, Group>();
    const seen = new KeySet(to - from);
    for (let row = from; row < to; row++) {
      if (!isConnection(rows, row)) continue;
      connectionKey(row);
      const isNew = seen.add(key.high, key.low) && !state.connections.has(key.high, key.low);
      const group = groupOf(groups, row, namespace);
      if (group === undefined || !isNew) continue;
      group.count += 1;
      counts.connections += 1;
    }
    const bucket = Math.floor(at / ACTIVITY_BUCKET_MS);
    const told = state.bucket === bucket ? state.told : new Set<number>();
    const out: Observation[] = [];
    const present: Observation[] = [];
    for (const [id, group] of groups) {
      const observation = toObservation(rows, group, at);
      present.push(observation);
      // Also a group that is new without a new connection: its owner, or the server behind it, became known.
      if (group.count > 0 || !told.has(id)) out.push(observation);
    }
    state.newGroups = 0;
    for (const id of groups.keys()) if (!state.groups.has(id)) state.newGroups += 1;
    state.groups = new Set(groups.keys());
    state.connections = seen;
    state.bucket = bucket;
    state.present = present;
    state.told = new Set([...told, ...groups.keys()].slice(-MAX_SOCKET_GROUPS));
    return out;
  };

  return {
    rows,
    counts,
    namespace(namespace) {
      starts.push({ namespace, from: rows.length });
    },
    end(at) {
      const ranges = starts.map(({ namespace, from }, index) => ({ namespace, from, to: starts[index + 1]?.from ?? rows.length }));
      for (const { namespace, from, to } of ranges) prepare(namespace, from, to);
      const out: Observation[] = [];
      for (const { namespace, from, to } of ranges) {
        for (const observation of observe(namespace, from, to, at)) out.push(observation);
      }
      counts.overflow += rows.overflow;
      rows.overflow = 0;
      rows.clear();
      starts.length = 0;
      serverRows.clear();
      servingEnds.clear();
      return out;
    },
    still(id, at) {
      const state = known.get(id);
      const bucket = Math.floor(at / ACTIVITY_BUCKET_MS);
      if (state === undefined || state.bucket === bucket) return [];
      state.bucket = bucket;
      return state.present.map((observation) => ({ ...observation, count: 0, firstSeenAt: at, lastSeenAt: at }));
    },
    newGroups: (id) => known.get(id)?.newGroups ?? 0,
    listeners: (id) => known.get(id)?.listeners ?? [],
    forget: (id) => void known.delete(id),
  };
}

function createKnown(listeners: readonly SocketListener[]): Known {
  return { connections: new KeySet(0), bucket: -1, listeners, present: [], groups: new Set(), newGroups: 0, told: new Set() };
}

/** Rule 4 and 21: open, with a peer, and neither end is loopback or the socket's own address. */
function isConnection(rows: SocketRows, row: number): boolean {
  const state = rows.state[row];
  if (state === SOCKET_LISTEN || state === SOCKET_SYN_SENT || rows.remotePort[row] === 0) return false;
  const { words, addresses } = rows;
  const at = row * 8;
  if (words[at] === words[at + 4] && words[at + 1] === words[at + 5] && words[at + 2] === words[at + 6] && words[at + 3] === words[at + 7])
    return false;
  if (rows.family[row] === 4) return addresses[row * 32] !== 127 && addresses[row * 32 + 16] !== 127 && words[at + 4] !== 0;
  return !isLoopback6(addresses, row * 32) && !isLoopback6(addresses, row * 32 + 16);
}

function isLoopback6(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 15; i++) if (bytes[offset + i] !== 0) return false;
  return (bytes[offset + 15] ?? 0) <= 1;
}

function toObservation(rows: SocketRows, group: Group, at: number): Observation {
  const { row, vantage, guessed, owner, link } = group;
  const isServer = vantage === 'server';
  const isTcp = rows.protocol[row] === SOCKET_TCP;
  const protocol: TransportProtocol = isTcp ? 'TCP' : 'UDP';
  const local = formatAddress(rows.local(row));
  const remote = formatAddress(rows.remote(row));
  const localPort = rows.localPort[row] ?? 0;
  const remotePort = rows.remotePort[row] ?? 0;
  const podUid = owner === undefined ? {} : { podUid: owner };
  const base = { kind: isTcp ? 'socket' : 'udp', vantage, count: group.count, firstSeenAt: at, lastSeenAt: at } as const;
  if (isServer) {
    return {
      ...base,
      source: { address: remote, ...(guessed ? { port: remotePort } : {}) },
      destination: { address: local, port: localPort, protocol, ...podUid },
      ...(guessed ? { directionGuessed: true } : {}),
    };
  }
  const source = { address: local, ...podUid, ...(guessed ? { port: localPort } : {}) };
  if (link === NO_LINK) {
    return {
      ...base,
      source,
      destination: { address: remote, port: remotePort, protocol },
      ...(guessed ? { directionGuessed: true } : {}),
    };
  }
  const serverAddress = formatAddress(rows.local(link));
  const serverPort = rows.localPort[link] ?? 0;
  const isTranslated = serverAddress !== remote || serverPort !== remotePort;
  return {
    ...base,
    source,
    destination: {
      address: serverAddress,
      port: serverPort,
      protocol,
      ...(isTranslated ? { asked: { address: remote, port: remotePort } } : {}),
    },
  };
}
