import { networkInterfaces } from 'node:os';
import { canonicalAddress, parseAddress } from '@nm/core';
import { parseFibTrie, parseIfInet6 } from './addresses.ts';
import { AttributionHistory, KEEP_OWNERS_MS } from './attribution.ts';
import { isOnRoute, parseLocalRoutes } from './routes.ts';
import type { LinkRoute } from './routes.ts';
import { listNames, readLink, readText } from './proc-files.ts';
import { ProcessTable } from './process-table.ts';
import type { LocalProcess } from './process-table.ts';

/** A network namespace in which at least one process of this node lives. */
export interface LocalNamespace {
  /** Text of its ns/net link, e.g. `net:[4026531840]`. */
  readonly id: string;
  /** The namespace that this process (and so the capture) is in: the node's own. */
  readonly isHost: boolean;
  podUid: string | undefined;
  readonly pids: number[];
  addresses: readonly string[];
}

export interface NodeViewCounts {
  readonly processes: number;
  readonly namespaces: number;
  readonly denied: number;
  readonly overflow: number;
  readonly evictions: number;
  readonly scans: number;
}

export interface NodeViewOptions {
  /** The node's procfs, e.g. `/proc` with the host's PID view, or a mounted `/host/proc`. */
  readonly procRoot: string;
}

/** Who owns an address on this node, from /proc alone: no runtime socket, no API, no entering of namespaces. */
export interface NodeView {
  /** Looks for what changed; cheap enough for once a second and for every new interface. */
  scan(now: number): void;
  namespaces(): Iterable<LocalNamespace>;
  /** Folder of a living process through which a namespace can be read; it was checked that it is still there. */
  folderOf(namespace: LocalNamespace): string | undefined;
  podOf(address: string, at: number): string | undefined;
  /** All addresses of the pod that had this one at `at`, or of the node; none when nobody is known to. */
  addressesWith(address: string, at: number): readonly string[];
  /** Address of a pod or of the node itself, also of one that was gone before anybody looked (by the node's routes). */
  isLocal(address: string): boolean;
  nodeAddresses(): readonly string[];
  /** Pod whose host-network process holds a socket. Refreshed by `findSocketOwners`. */
  ownerOfSocket(inode: number): string | undefined;
  /** Reads the descriptors of host-network pods' processes. */
  findSocketOwners(): void;
  /** Whether all pods on the host's network have cgroups of version 2, in which nobody else is: then those tell their sockets. */
  haveOwnCgroups(): boolean;
  counts(): NodeViewCounts;
}

/** New namespaces get their addresses in their first seconds; later changes are rare. */
const YOUNG_MS = 10_000;
const READ_AGAIN_MS = 60_000;
const ROUTES_AGAIN_MS = 5_000;
/** Sockets of host-network pods that are kept. */
export const MAX_OWNED_SOCKETS = 65_536;
/** Interfaces whose addresses are those of Services, not of the node (kube-proxy in IPVS mode, NodeLocal DNSCache). */
const SERVICE_DEVICES = ['kube-ipvs0', 'nodelocaldns'];

interface Namespace extends LocalNamespace {
  readonly bornAt: number;
  readAt: number;
}

export function createNodeView(options: NodeViewOptions): NodeView {
  const root = options.procRoot;
  const history = new AttributionHistory();
  const namespaces = new Map<string, Namespace>();
  const socketOwners = new Map<number, string>();
  const own = readLink('/proc/self/ns/net');
  const ownId = 'target' in own ? own.target : 'host';
  const table = new ProcessTable(root, ownId);
  let nodeAddresses: readonly string[] = [];
  let routes: readonly LinkRoute[] = [];
  let routesReadAt = 0;
  let scans = 0;

  const regroup = (now: number): void => {
    for (const namespace of namespaces.values()) namespace.pids.length = 0;
    const owners = new Map<string, Map<string, number>>();
    for (const process of table.all()) {
      joinNamespace(process, now);
      if (process.podUid === undefined) continue;
      const votes = owners.get(process.namespace) ?? new Map<string, number>();
      votes.set(process.podUid, (votes.get(process.podUid) ?? 0) + 1);
      owners.set(process.namespace, votes);
    }
    for (const [id, namespace] of namespaces) {
      if (namespace.pids.length === 0) namespaces.delete(id);
      else namespace.podUid = namespace.isHost ? undefined : mostVoted(owners.get(id));
    }
  };

  const joinNamespace = (process: LocalProcess, now: number): void => {
    const id = process.namespace;
    let namespace = namespaces.get(id);
    if (namespace === undefined) {
      const isHost = id === ownId;
      namespace = { id, isHost, podUid: undefined, pids: [], addresses: [], bornAt: now, readAt: 0 };
      namespaces.set(id, namespace);
    }
    namespace.pids.push(process.pid);
  };

  const folderOf = (namespace: LocalNamespace): string | undefined => {
    // Our own namespace needs no other process; some of those that are counted to it may not even be read.
    if (namespace.isHost) return '/proc/self';
    const pid = namespace.pids.find((candidate) => {
      const link = readLink(`${root}/${candidate}/ns/net`);
      // A process that may not be read is grouped by its cgroup, which it does not leave.
      return 'target' in link ? link.target === namespace.id : link.error === 'EACCES' || link.error === 'EPERM';
    });
    return pid === undefined ? undefined : `${root}/${pid}`;
  };

  const readAddresses = (namespace: Namespace, now: number): void => {
    const isYoung = now - namespace.bornAt < YOUNG_MS;
    if (!isYoung && namespace.addresses.length > 0 && now - namespace.readAt < READ_AGAIN_MS) return;
    if (!isYoung && now - namespace.readAt < YOUNG_MS) return;
    namespace.readAt = now;
    const folder = folderOf(namespace);
    if (folder !== undefined) {
      const trie = readText(`${folder}/net/fib_trie`);
      const inet6 = parseIfInet6(readText(`${folder}/net/if_inet6`));
      if (trie === '' && inet6.length === 0) return;
      const addresses = [
        ...parseFibTrie(trie),
        ...inet6.filter(({ device }) => !SERVICE_DEVICES.includes(device)).map(({ address }) => address),
      ];
      namespace.addresses = namespace.isHost ? withoutServiceAddresses(addresses, readText(`${folder}/net/dev`)) : addresses;
    }
  };

  const isOnHost = (process: LocalProcess): boolean => namespaces.get(process.namespace)?.isHost === true;

  return {
    folderOf,
    scan(now) {
      scans += 1;
      if (table.refresh(now)) regroup(now);
      for (const namespace of namespaces.values()) readAddresses(namespace, now);
      const host = [...namespaces.values()].find(({ isHost }) => isHost);
      if (host !== undefined && host.addresses !== nodeAddresses) nodeAddresses = host.addresses;
      for (const namespace of namespaces.values()) {
        if (namespace.isHost || isHostByAddress(namespace, nodeAddresses)) continue;
        for (const address of namespace.addresses) history.seen(address, namespace.podUid, now);
      }
      if (now - routesReadAt >= ROUTES_AGAIN_MS) {
        routesReadAt = now;
        routes = parseLocalRoutes(readText('/proc/self/net/route'), readText('/proc/self/net/ipv6_route'));
      }
      if (scans % 64 === 0) history.forgetBefore(now - KEEP_OWNERS_MS);
    },
    namespaces: () => namespaces.values(),
    podOf: (address, at) => history.podOf(address, at),
    addressesWith: (address, at) => (nodeAddresses.includes(address) ? nodeAddresses : history.addressesWith(address, at)),
    isLocal(address) {
      if (history.has(address) || nodeAddresses.includes(address)) return true;
      const bytes = parseAddress(address);
      return bytes !== undefined && isOnRoute(routes, bytes);
    },
    nodeAddresses: () => nodeAddresses,
    ownerOfSocket: (inode) => socketOwners.get(inode),
    findSocketOwners() {
      socketOwners.clear();
      for (const process of table.all()) {
        if (process.podUid === undefined || !isOnHost(process)) continue;
        addSockets(socketOwners, `${root}/${process.pid}/fd`, process.podUid);
      }
    },
    haveOwnCgroups() {
      for (const process of table.all()) if (process.podUid !== undefined && !process.isUnified && isOnHost(process)) return false;
      return true;
    },
    counts: () => ({
      processes: [...table.all()].length,
      namespaces: namespaces.size,
      denied: table.counts.denied,
      overflow: table.counts.overflow,
      evictions: history.evictions,
      scans,
    }),
  };
}

/** The pod with most processes in a namespace: a debugger that entered it from another pod does not own it. */
function mostVoted(votes: ReadonlyMap<string, number> | undefined): string | undefined {
  let best: string | undefined;
  for (const [podUid, count] of votes ?? []) if (best === undefined || count > (votes?.get(best) ?? 0)) best = podUid;
  return best;
}

/** Without SYS_PTRACE a host-network pod looks like a namespace of its own; its addresses give it away. */
function isHostByAddress(namespace: LocalNamespace, nodeAddresses: readonly string[]): boolean {
  return namespace.id.startsWith('cgroup:') && namespace.addresses.some((address) => nodeAddresses.includes(address));
}

/** The trie names no devices: where kube-proxy binds Service addresses, only addresses of interfaces that are up count. */
function withoutServiceAddresses(addresses: readonly string[], devices: string): readonly string[] {
  if (!SERVICE_DEVICES.some((device) => devices.includes(`${device}:`))) return addresses;
  const up = new Set<string>();
  for (const [device, entries] of Object.entries(networkInterfaces())) {
    if (SERVICE_DEVICES.includes(device)) continue;
    for (const { address } of entries ?? []) up.add(canonicalAddress(address) ?? address);
  }
  return addresses.filter((address) => up.has(address));
}

function addSockets(owners: Map<number, string>, folder: string, podUid: string): void {
  for (const name of listNames(folder)) {
    if (owners.size >= MAX_OWNED_SOCKETS) return;
    const link = readLink(`${folder}/${name}`);
    if (!('target' in link) || !link.target.startsWith('socket:[')) continue;
    owners.set(Number(link.target.slice('socket:['.length, -1)), podUid);
  }
}
