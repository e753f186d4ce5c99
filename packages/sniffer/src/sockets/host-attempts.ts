import { formatAddress, parseAddress } from '@nm/core';
import type { PacketView, TcpFlow } from '@nm/core';
import type { NodeView } from '../proc/node-view.ts';
import type { DiagSocket, SocketDiag, SocketEnds } from './socket-diag.ts';

export interface HostAttemptsDeps {
  readonly view: Pick<NodeView, 'scan' | 'ownerOfSocket' | 'findSocketOwners' | 'haveOwnCgroups'>;
  readonly diag: Pick<SocketDiag, 'find' | 'each'>;
  /** CPU time of this process, milliseconds. */
  readonly cpuMs: () => number;
}

export interface HostAttemptsCounts {
  /** Of a pod; of another process of the node; without a socket that is still open; beyond the bounds. */
  pod: number;
  process: number;
  gone: number;
  skipped: number;
}

/** Attempts of one host-network pod among those of a flow. */
export interface OwnedAttempts {
  readonly podUid: string;
  /** Where the socket was connected to, if the node's own address translation changed that before the packet was seen. */
  readonly asked?: { readonly address: string; readonly port: number };
  count: number;
  firstSeenAt: number;
  lastSeenAt: number;
}

/**
 * Whose the node's own connection attempts are: all pods on the host's network share the node's addresses, so each
 * attempt is asked for by its socket, as long as that is open. A socket is told by its cgroup where that is known to be
 * a pod's, else by the descriptors of the pods' processes. What cannot be known stays the node's.
 */
export interface HostAttempts {
  setNodeAddresses(addresses: readonly string[]): void;
  /** An attempt that was not seen before; keeps it when the node itself is its client. */
  notice(bytes: Uint8Array, view: PacketView): void;
  /** Asks for the sockets of what was noticed: as soon as possible, many live for milliseconds. */
  resolve(now: number): void;
  /** The known ones among a flow's attempts that were captured until `until`; they are forgotten. */
  take(flow: TcpFlow, until: number): readonly OwnedAttempts[];
  readonly counts: Readonly<HostAttemptsCounts>;
}

interface Attempt extends SocketEnds {
  readonly at: number;
}

interface Owned {
  readonly at: number;
  readonly podUid: string;
  readonly asked: OwnedAttempts['asked'];
}

interface CgroupOwner {
  /** Undefined: of no pod, as far as was seen at `at`. */
  readonly podUid: string | undefined;
  readonly at: number;
}

/** Attempts asked for at once. */
const MAX_WAITING = 128;
/** Flows with known attempts that are not reported yet, and attempts of one. */
const MAX_FLOWS = 1_024;
const MAX_OWNED = 1_024;
const MAX_CGROUPS = 4_096;
/** Destinations that are not behind address translation. */
const MAX_DIRECT = 4_096;
/** Destinations whose attempts were looked for among translated connections, in vain. */
const MAX_VAIN = 1_024;
/** How long such a destination is not looked for again: doubled each time. */
const FIRST_VAIN_MS = 1_000;
const MAX_VAIN_MS = 5 * 60_000;
/** Sockets whose attempt was seen, or was before the sniffer's time. */
const MAX_USED = 16_384;
/** Of a core, in the long run; at once, and at the start, when nothing is compiled and no cgroup known. */
const CPU_SHARE = 0.002;
const MAX_CREDIT_MS = 100;
const FIRST_CREDIT_MS = 300;
/** The cgroup of a pod's new container may be asked for before its processes are known. */
const FOREIGN_MS = 60_000;
/** Where the kernel does not tell. */
const UNKNOWN_CGROUP = 0;
/* include/net/tcp_states.h: sockets that nobody holds any more. */
const TIME_WAIT = 6;
const LISTEN = 10;
const NONE: readonly OwnedAttempts[] = [];

interface Vain {
  readonly waitMs: number;
  readonly until: number;
}

export function createHostAttempts(deps: HostAttemptsDeps): HostAttempts {
  const { view, diag, cpuMs } = deps;
  const counts: HostAttemptsCounts = { pod: 0, process: 0, gone: 0, skipped: 0 };
  const cgroups = new Map<number, CgroupOwner>();
  const direct = new Set<string>();
  const used = new Set<number>();
  const vain = new Map<string, Vain>();
  const flows = new Map<string, Owned[]>();
  let addresses4 = new Set<number>();
  let addresses6 = new Set<string>();
  let waiting: Attempt[] = [];
  /** The descriptors are as they are now: one look serves all that was noticed before it. */
  let areOwnersFresh = false;
  let creditMs = FIRST_CREDIT_MS;
  let creditedAt = 0;

  /** A socket connects once: it is not the one of another attempt from its port. */
  const use = (inode: number): void => {
    const oldest = used.size < MAX_USED ? undefined : used.values().next().value;
    if (oldest !== undefined) used.delete(oldest);
    used.add(inode);
  };

  const isNode = (bytes: Uint8Array, { family, sourceOffset }: PacketView): boolean =>
    family === 4
      ? addresses4.has(word(bytes, sourceOffset))
      : addresses6.size > 0 && addresses6.has(formatAddress(bytes.subarray(sourceOffset, sourceOffset + 16)));

  const findOwners = (now: number): void => {
    if (areOwnersFresh) return;
    areOwnersFresh = true;
    // A pod's first process may have begun a moment ago.
    view.scan(now);
    view.findSocketOwners();
  };

  /** Pod that holds a socket; undefined for another process, 'gone' when that cannot be known any more. */
  const ownerOf = (socket: DiagSocket, ends: SocketEnds, now: number): string | undefined | typeof GONE => {
    const { inode, cgroup } = socket;
    const known = cgroups.get(cgroup);
    if (known !== undefined && (known.podUid !== undefined || now - known.at < FOREIGN_MS)) return known.podUid;
    if (inode === 0) return GONE;
    let podUid = view.ownerOfSocket(inode);
    if (podUid === undefined) {
      findOwners(now);
      podUid = view.ownerOfSocket(inode);
      // It may have been closed meanwhile: then nobody had it, which says nothing.
      if (podUid === undefined && diag.find(ends)?.inode !== inode) return GONE;
    }
    if (cgroup !== UNKNOWN_CGROUP && view.haveOwnCgroups()) {
      if (cgroups.size >= MAX_CGROUPS) cgroups.clear();
      cgroups.set(cgroup, { podUid, at: now });
    }
    return podUid;
  };

  const keep = (attempt: Attempt, podUid: string, asked: OwnedAttempts['asked']): void => {
    const key = flowKey(formatAddress(attempt.local), formatAddress(attempt.remote), attempt.remotePort);
    const list = flows.get(key) ?? [];
    if (list.length >= MAX_OWNED || (list.length === 0 && flows.size >= MAX_FLOWS)) {
      counts.skipped += 1;
      return;
    }
    flows.set(key, list);
    list.push({ at: attempt.at, podUid, asked });
    counts.pod += 1;
  };

  const settle = (attempt: Attempt, socket: DiagSocket, ends: SocketEnds, now: number, asked: OwnedAttempts['asked']): void => {
    const podUid = ownerOf(socket, ends, now);
    if (podUid === GONE) counts.gone += 1;
    else if (podUid === undefined) counts.process += 1;
    else keep(attempt, podUid, asked);
  };

  /**
   * Sockets whose other end is not where their packets go: the node's rules translate a Service's address before a
   * packet is seen. Only where one single socket has the port, is connected to what no packet was seen going to, and
   * was not there before.
   */
  const findTranslated = (ports: ReadonlySet<number>): ReadonlyMap<number, (DiagSocket & SocketEnds) | undefined> => {
    const found = new Map<number, (DiagSocket & SocketEnds) | undefined>();
    diag.each((socket) => {
      const { localPort, remotePort, state } = socket;
      if (!ports.has(localPort) || state === LISTEN || state === TIME_WAIT || socket.inode === 0) return;
      const copy = { ...socket, local: socket.local.slice(), remote: socket.remote.slice() };
      const isOnly = !found.has(localPort) && !used.has(socket.inode) && !direct.has(endKey(copy.remote, remotePort));
      found.set(localPort, isOnly ? copy : undefined);
    });
    return found;
  };

  /** Looking takes all sockets; where connections end before anybody looks, as a kubelet's probes do, it finds none. */
  const isVain = ({ remote, remotePort }: Attempt, now: number): boolean => {
    const known = vain.get(endKey(remote, remotePort));
    return known !== undefined && now < known.until;
  };

  const noteSearch = ({ remote, remotePort }: Attempt, now: number, hasFound: boolean): void => {
    const key = endKey(remote, remotePort);
    const before = vain.get(key);
    // Another attempt of the same search.
    if (!hasFound && before !== undefined && now < before.until) return;
    vain.delete(key);
    if (hasFound) return;
    const oldest = vain.size < MAX_VAIN ? undefined : vain.keys().next().value;
    if (oldest !== undefined) vain.delete(oldest);
    const waitMs = before === undefined ? FIRST_VAIN_MS : Math.min(MAX_VAIN_MS, before.waitMs * 2);
    vain.set(key, { waitMs, until: now + waitMs });
  };

  const resolveAll = (attempts: readonly Attempt[], now: number): void => {
    const unmatched: Attempt[] = [];
    for (const attempt of attempts) {
      const socket = diag.find(attempt);
      if (socket === undefined) {
        if (isVain(attempt, now)) counts.gone += 1;
        else unmatched.push(attempt);
        continue;
      }
      if (direct.size >= MAX_DIRECT) direct.clear();
      direct.add(endKey(attempt.remote, attempt.remotePort));
      use(socket.inode);
      settle(attempt, socket, attempt, now, undefined);
    }
    if (unmatched.length === 0) return;
    const translated = findTranslated(new Set(unmatched.map(({ localPort }) => localPort)));
    for (const attempt of unmatched) {
      const socket = translated.get(attempt.localPort);
      noteSearch(attempt, now, socket !== undefined);
      if (socket === undefined) {
        counts.gone += 1;
        continue;
      }
      use(socket.inode);
      settle(attempt, socket, socket, now, { address: formatAddress(socket.remote), port: socket.remotePort });
    }
  };

  return {
    counts,
    setNodeAddresses(addresses) {
      if (used.size === 0) diag.each(({ inode }) => use(inode));
      const all = addresses.map((text) => parseAddress(text)).filter((bytes) => bytes !== undefined);
      addresses4 = new Set(all.filter(({ length }) => length === 4).map((bytes) => word(bytes, 0)));
      addresses6 = new Set(all.filter(({ length }) => length === 16).map((bytes) => formatAddress(bytes)));
    },
    notice(bytes, packet) {
      if (!isNode(bytes, packet)) return;
      if (waiting.length >= MAX_WAITING) {
        counts.skipped += 1;
        return;
      }
      const { at, family, sourceOffset, destinationOffset, sourcePort, destinationPort } = packet;
      const length = family === 4 ? 4 : 16;
      waiting.push({
        at,
        family,
        local: bytes.slice(sourceOffset, sourceOffset + length),
        localPort: sourcePort,
        remote: bytes.slice(destinationOffset, destinationOffset + length),
        remotePort: destinationPort,
      });
    },
    resolve(now) {
      if (waiting.length === 0) return;
      const attempts = waiting;
      waiting = [];
      creditMs = Math.max(creditMs, Math.min(MAX_CREDIT_MS, creditMs + (now - creditedAt) * CPU_SHARE));
      creditedAt = now;
      if (creditMs <= 0) {
        counts.skipped += attempts.length;
        return;
      }
      areOwnersFresh = false;
      const before = cpuMs();
      resolveAll(attempts, now);
      creditMs -= cpuMs() - before;
    },
    take(flow, until) {
      if (flows.size === 0) return NONE;
      const key = flowKey(flow.client, flow.askedAddress ?? flow.destination, flow.askedPort ?? flow.port);
      const list = flows.get(key);
      if (list === undefined) return NONE;
      const later = list.filter(({ at }) => at > until);
      if (later.length === 0) flows.delete(key);
      else flows.set(key, later);
      return sumUp(list.filter(({ at }) => at <= until));
    },
  };
}

const GONE = Symbol('gone');

function sumUp(attempts: readonly Owned[]): readonly OwnedAttempts[] {
  const sums = new Map<string, OwnedAttempts>();
  for (const { at, podUid, asked } of attempts) {
    const key = `${podUid} ${asked?.address} ${asked?.port}`;
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { podUid, count: 1, firstSeenAt: at, lastSeenAt: at, ...(asked === undefined ? {} : { asked }) });
      continue;
    }
    sum.count += 1;
    sum.firstSeenAt = Math.min(sum.firstSeenAt, at);
    sum.lastSeenAt = Math.max(sum.lastSeenAt, at);
  }
  return [...sums.values()];
}

function flowKey(client: string, address: string, port: number): string {
  return `${client} ${address} ${port}`;
}

function endKey(address: Uint8Array, port: number): string {
  return `${formatAddress(address)} ${port}`;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
