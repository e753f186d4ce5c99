import { addressInCidr, canonicalAddress, parseCidr } from '../model/address.ts';
import type { NodeRecord } from './records.ts';

/** Of one node, from its sniffer: twice what one report may tell. */
const MAX_BELIEVED = 8_192;

/** UID of the pod that listens, if one does, by port and protocol. */
type Listeners = ReadonlyMap<string, string | undefined>;
const NO_LISTENERS: Listeners = new Map();

/** Which addresses are nodes' own (rule 8), and what their sniffers add. */
export class NodeIndex {
  private readonly byAddress = new Map<string, string>();
  private readonly records = new Map<string, NodeRecord>();
  private readonly reported = new Map<string, readonly string[]>();
  /** Addresses that are a node's because its sniffer said so, in the order in which it did. */
  private readonly believed = new Map<string, Set<string>>();
  /** Addresses that are a node's only because bridges usually have them. */
  private readonly guessed = new Set<string>();
  private readonly listeners = new Map<string, Listeners>();
  /** Grows when an answer about a node's address may have changed. */
  generation = 0;

  apply(record: NodeRecord, deleted: boolean): void {
    if (deleted) return;
    this.records.set(record.name, record);
    for (const address of record.addresses) this.own(address, record.name);
    for (const cidr of record.podCIDRs) {
      const first = firstAddress(cidr);
      if (first === undefined || this.byAddress.has(first)) continue;
      this.own(first, record.name);
      this.guessed.add(first);
    }
  }

  /** What a pod's status says of its node, for clusters whose nodes are not known. */
  applyHostAddresses(node: string, addresses: readonly string[]): void {
    for (const address of addresses) if (!this.byAddress.has(address)) this.own(address, node);
  }

  /** Addresses that the node's own sniffer found on it: bridges, tunnels. */
  applyReported(node: string, addresses: readonly string[]): void {
    if (this.reported.get(node)?.join() === addresses.join()) return;
    this.reported.set(node, addresses);
    for (const text of addresses) {
      const address = canonicalAddress(text);
      if (address === undefined) continue;
      if (!this.byAddress.has(address)) this.believe(address, node);
      else if (this.byAddress.get(address) === node && this.guessed.delete(address)) this.generation += 1;
    }
  }

  /** Ports on which processes of the node's own network listen, with the pod that owns the process. */
  applyListeners(node: string, listeners: readonly { readonly port: number; readonly protocol: string; readonly podUid?: string }[]): void {
    const before = this.listeners.get(node) ?? NO_LISTENERS;
    const now = new Map(listeners.map(({ port, protocol, podUid }) => [`${port}/${protocol}`, podUid]));
    this.listeners.set(node, now);
    if (!saysTheSame(before, now) || !saysTheSame(now, before)) this.generation += 1;
  }

  /** Whether the API told of a node of this name. */
  has(name: string): boolean {
    return this.records.has(name);
  }

  nodeOf(address: string): string | undefined {
    return this.byAddress.get(address);
  }

  /** Whether nobody said that the address is the node's: a network plugin without a bridge gives it to pods. */
  isGuessed(address: string): boolean {
    return this.guessed.has(address);
  }

  /** UID of the host-network pod that listens on a node's port, if its sniffer told. */
  listenerPod(node: string, port: number, protocol: string): string | undefined {
    return this.listeners.get(node)?.get(`${port}/${protocol}`);
  }

  listens(node: string, port: number, protocol: string): boolean {
    return this.listeners.get(node)?.has(`${port}/${protocol}`) ?? false;
  }

  addresses(): Iterable<string> {
    return this.byAddress.keys();
  }

  all(): Iterable<NodeRecord> {
    return this.records.values();
  }

  /** A sniffer that tells others each time must neither fill the memory nor own the whole network in the end. */
  private believe(address: string, node: string): void {
    const believed = this.believed.get(node) ?? new Set();
    this.believed.set(node, believed);
    this.own(address, node);
    believed.add(address);
    const [oldest] = believed;
    if (believed.size <= MAX_BELIEVED || oldest === undefined) return;
    believed.delete(oldest);
    if (this.byAddress.get(oldest) === node) this.byAddress.delete(oldest);
  }

  private own(address: string, node: string): void {
    this.believed.get(node)?.delete(address);
    if (this.guessed.delete(address)) this.generation += 1;
    if (this.byAddress.get(address) === node) return;
    this.byAddress.set(address, node);
    this.generation += 1;
  }
}

/**
 * Whether what is answered by the first holds by the second too: whose a port is, and that of DNS. Other processes' ports
 * come and go all the time and change no answer.
 */
function saysTheSame(first: Listeners, second: Listeners): boolean {
  for (const [place, podUid] of first) {
    const matters = podUid !== undefined || place.startsWith('53/');
    if (matters && (!second.has(place) || second.get(place) !== podUid)) return false;
  }
  return true;
}

/** The bridge of most CNIs takes the first address of the node's pod range. */
function firstAddress(cidr: string): string | undefined {
  const range = parseCidr(cidr);
  return range === undefined ? undefined : addressInCidr(range, 1);
}
