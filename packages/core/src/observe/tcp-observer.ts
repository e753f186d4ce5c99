import { addressKey } from './address-table.ts';
import type { AddressSet, AddressTable } from './address-table.ts';
import { FifoTable } from './fifo-table.ts';
import { finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import type { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import type { ObservationSink, ObserverCounts, TcpFlow } from './sink.ts';

/** A SYN is sent again for about two minutes (Linux tcp_syn_retries 6: 1 + 2 + … + 64 s). */
const SAME_ATTEMPT_MS = 130_000;
/** Copies after address translation follow at once; only the skew between captures delays them. */
const TRANSLATED_COPY_MS = 2_000;
const NONE = -1;

export interface TcpObserverDeps {
  readonly addresses: AddressTable;
  readonly names: NameMemory;
  readonly counts: ObserverCounts;
  readonly sink: ObservationSink;
  readonly nodeAddresses: () => AddressSet;
}

export interface TcpObserverOptions {
  readonly maxAttempts: number;
  readonly maxFlows: number;
  /** How long copies of one attempt are waited for before it counts. */
  readonly settleMs: number;
  readonly seed: number;
}

/**
 * Counts connection attempts per (client, destination). The copies of one attempt (veth, bridge, uplink; before and
 * after DNAT and masquerade; retransmissions) are one attempt (rule 3): the client of the copy before masquerade, the
 * destination after DNAT, and where the client itself sent it.
 */
export class TcpObserver {
  private readonly deps: TcpObserverDeps;
  private readonly options: TcpObserverOptions;
  /** Key: initial sequence number and client port, both exact. */
  private readonly attempts: FifoTable;
  /** Key: initial sequence number alone; value: slot of the attempt. */
  private readonly sequences: FifoTable;
  private readonly attemptOf: Int32Array;
  private readonly source: Int32Array;
  private readonly sourceIsNode: Uint8Array;
  private readonly asked: Int32Array;
  private readonly askedPort: Uint16Array;
  private readonly final: Int32Array;
  private readonly finalPort: Uint16Array;
  private readonly settled: Uint8Array;
  private readonly clientKey: Uint32Array;
  private readonly askedKey: Uint32Array;
  /** First attempt that has not settled yet, in order of arrival. */
  private firstUnsettled = NONE;
  private readonly flows: FifoTable;
  private readonly flowAttempt: (TcpFlow | undefined)[] = [];
  private readonly flowCount: Float64Array;
  private readonly flowFirst: Float64Array;
  private readonly flowLast: Float64Array;
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly client: Hash64 = { high: 0, low: 0 };
  private readonly destination: Hash64 = { high: 0, low: 0 };

  constructor(deps: TcpObserverDeps, options: TcpObserverOptions) {
    this.deps = deps;
    this.options = options;
    this.attempts = new FifoTable(options.maxAttempts, (slot) => this.leaving(slot));
    const { capacity } = this.attempts;
    this.sequences = new FifoTable(capacity);
    this.attemptOf = new Int32Array(this.sequences.capacity);
    this.source = new Int32Array(capacity);
    this.sourceIsNode = new Uint8Array(capacity);
    this.asked = new Int32Array(capacity);
    this.askedPort = new Uint16Array(capacity);
    this.final = new Int32Array(capacity);
    this.finalPort = new Uint16Array(capacity);
    this.settled = new Uint8Array(capacity);
    this.clientKey = new Uint32Array(capacity * 2);
    this.askedKey = new Uint32Array(capacity * 2);
    this.flows = new FifoTable(options.maxFlows);
    this.flowCount = new Float64Array(this.flows.capacity);
    this.flowFirst = new Float64Array(this.flows.capacity);
    this.flowLast = new Float64Array(this.flows.capacity);
  }

  get evictions(): number {
    return this.attempts.evictions;
  }

  /** A segment with SYN set and ACK clear. */
  syn(view: PacketView): void {
    this.attempts.expire(view.at - SAME_ATTEMPT_MS);
    const slot = this.attempts.find(view.sequence, view.sourcePort);
    if (slot >= 0) {
      this.copy(slot, view);
      return;
    }
    const translated = this.masqueradedOriginal(view);
    if (translated >= 0) {
      this.deps.counts.masqueraded += 1;
      this.copy(translated, view);
      return;
    }
    this.begin(view);
  }

  /** Counts the attempts that are older than the settling time. */
  settle(now: number): void {
    const before = now - this.options.settleMs;
    while (this.firstUnsettled !== NONE && this.attempts.timeOf(this.firstUnsettled) <= before) {
      this.count(this.firstUnsettled);
    }
  }

  /** Gives the sink what was counted since the last drain. */
  drain(): void {
    const { sink } = this.deps;
    for (let slot = this.flows.oldestSlot(); slot >= 0; slot = this.flows.nextNewer(slot)) {
      const flow = this.flowAttempt[slot];
      if (flow !== undefined) sink.tcp(flow, this.flowCount[slot] ?? 0, this.flowFirst[slot] ?? 0, this.flowLast[slot] ?? 0);
    }
    this.flows.clear();
    this.flowAttempt.length = 0;
  }

  /** Address numbers are about to start over: attempts keep only what recognises their later copies. */
  forgetAddresses(): void {
    for (let slot = this.attempts.oldestSlot(); slot >= 0; slot = this.attempts.nextNewer(slot)) {
      if (this.settled[slot] === 0) this.count(slot);
    }
  }

  private begin(view: PacketView): void {
    const { deps, client, destination } = this;
    deps.counts.tcpAttempts += 1;
    const slot = this.attempts.add(view.sequence, view.sourcePort, view.at);
    addressKey(client, view.bytes, view.sourceOffset, view.family, this.options.seed);
    addressKey(destination, view.bytes, view.destinationOffset, view.family, this.options.seed);
    this.source[slot] = deps.addresses.idOf(view.bytes, view.sourceOffset, view.family);
    this.sourceIsNode[slot] = deps.nodeAddresses().has(view.bytes, view.sourceOffset, view.family) ? 1 : 0;
    const id = deps.addresses.idOf(view.bytes, view.destinationOffset, view.family);
    this.asked[slot] = id;
    this.askedPort[slot] = view.destinationPort;
    this.final[slot] = id;
    this.finalPort[slot] = view.destinationPort;
    this.settled[slot] = 0;
    this.clientKey[slot * 2] = client.high;
    this.clientKey[slot * 2 + 1] = client.low;
    this.askedKey[slot * 2] = destination.high;
    this.askedKey[slot * 2 + 1] = destination.low;
    if (this.firstUnsettled === NONE) this.firstUnsettled = slot;
    this.sequences.expire(view.at - TRANSLATED_COPY_MS);
    if (this.sequences.find(view.sequence, 0) < 0) this.attemptOf[this.sequences.add(view.sequence, 0, view.at)] = slot;
  }

  /** Another copy: address translation may have changed either end. */
  private copy(slot: number, view: PacketView): void {
    if (this.settled[slot] !== 0) return;
    const { addresses, nodeAddresses } = this.deps;
    const id = addresses.idOf(view.bytes, view.destinationOffset, view.family);
    if (id !== this.asked[slot] || view.destinationPort !== this.askedPort[slot]) {
      this.final[slot] = id;
      this.finalPort[slot] = view.destinationPort;
    }
    if (this.sourceIsNode[slot] === 0) return;
    const isNode = nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    if (isNode) return;
    // The masqueraded copy came first (captures of two nodes, merged): the client is the other one.
    addressKey(this.client, view.bytes, view.sourceOffset, view.family, this.options.seed);
    this.source[slot] = addresses.idOf(view.bytes, view.sourceOffset, view.family);
    this.sourceIsNode[slot] = 0;
    this.clientKey[slot * 2] = this.client.high;
    this.clientKey[slot * 2 + 1] = this.client.low;
  }

  /**
   * Slot of the attempt of which this one is the masqueraded copy, or -1: the same initial sequence number at almost
   * the same time, and the same server port (rule 3) or one of the two sources a node's address (DNAT and masquerade
   * together, as for a NodePort).
   */
  private masqueradedOriginal(view: PacketView): number {
    const found = this.sequences.find(view.sequence, 0);
    if (found < 0 || Math.abs(view.at - this.sequences.timeOf(found)) > TRANSLATED_COPY_MS) return NONE;
    const slot = this.attemptOf[found] ?? NONE;
    if (this.settled[slot] !== 0 || this.attempts.keyHighOf(slot) !== view.sequence) return NONE;
    const isNode = this.deps.nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    if (!isNode && this.sourceIsNode[slot] === 0) return this.finalPort[slot] === view.destinationPort ? slot : NONE;
    return slot;
  }

  private count(slot: number): void {
    this.settled[slot] = 1;
    if (slot === this.firstUnsettled) this.firstUnsettled = this.nextUnsettled(slot);
    const { key, flows } = this;
    const at = this.attempts.timeOf(slot);
    const asked = this.asked[slot] ?? 0;
    const final = this.final[slot] ?? 0;
    startHash(key, this.options.seed);
    hashNumber(key, this.source[slot] ?? 0);
    hashNumber(key, final);
    hashNumber(key, this.finalPort[slot] ?? 0);
    hashNumber(key, asked);
    hashNumber(key, this.askedPort[slot] ?? 0);
    finishHash(key);
    let flow = flows.find(key.high, key.low);
    if (flow >= 0) {
      this.flowCount[flow] = (this.flowCount[flow] ?? 0) + 1;
      this.flowFirst[flow] = Math.min(this.flowFirst[flow] ?? 0, at);
      this.flowLast[flow] = Math.max(this.flowLast[flow] ?? 0, at);
      return;
    }
    if (flows.size === flows.capacity) this.drain();
    flow = flows.add(key.high, key.low, at);
    this.flowCount[flow] = 1;
    this.flowFirst[flow] = at;
    this.flowLast[flow] = at;
    this.flowAttempt[flow] = this.toFlow(slot, at);
  }

  private toFlow(slot: number, at: number): TcpFlow {
    const { addresses, names } = this.deps;
    const asked = this.asked[slot] ?? 0;
    const final = this.final[slot] ?? 0;
    const askedPort = this.askedPort[slot] ?? 0;
    const port = this.finalPort[slot] ?? 0;
    this.client.high = this.clientKey[slot * 2] ?? 0;
    this.client.low = this.clientKey[slot * 2 + 1] ?? 0;
    this.destination.high = this.askedKey[slot * 2] ?? 0;
    this.destination.low = this.askedKey[slot * 2 + 1] ?? 0;
    const answer = names.find(this.client, this.destination, at);
    return {
      client: addresses.textOf(this.source[slot] ?? 0),
      destination: addresses.textOf(final),
      port,
      ...(asked === final && askedPort === port ? {} : { askedAddress: addresses.textOf(asked), askedPort }),
      ...(answer === undefined ? {} : { answer }),
    };
  }

  private nextUnsettled(slot: number): number {
    let next = this.attempts.nextNewer(slot);
    while (next >= 0 && this.settled[next] !== 0) next = this.attempts.nextNewer(next);
    return next;
  }

  /** An attempt makes room for a newer one: it counts now, and its sequence number no longer points at it. */
  private leaving(slot: number): void {
    if (this.settled[slot] === 0) this.count(slot);
  }
}
