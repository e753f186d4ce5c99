import type { Memo } from '../model/memo.ts';
import { addressKey } from './address-table.ts';
import type { AddressSet, AddressTable } from './address-table.ts';
import { FifoTable } from './fifo-table.ts';
import { finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import type { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import { RING_OWN_WORD, RING_OWN_WORDS, RingTable } from './ring-table.ts';
import type { ObservationSink, ObserverCounts, TcpFlow } from './sink.ts';

/** A SYN is sent again for about two minutes (Linux tcp_syn_retries 6: 1 + 2 + … + 64 s). */
const SAME_ATTEMPT_MS = 130_000;
/** Copies after address translation follow at once; only the skew between captures delays them. */
const TRANSLATED_COPY_MS = 2_000;
const NONE = -1;

/* Words of an attempt's entry: flags, then addresses (numbers), ports and the keys by which names are found. */
const FLAGS = RING_OWN_WORD;
const SOURCE = RING_OWN_WORDS;
const ASKED = SOURCE + 1;
const FINAL = SOURCE + 2;
const ASKED_PORT = SOURCE + 3;
const FINAL_PORT = SOURCE + 4;
const CLIENT_KEY = SOURCE + 5;
const ASKED_KEY = SOURCE + 7;
/** Client port of the copies on the other side of masquerade; 0 while there was none. */
const TRANSLATED_PORT = SOURCE + 9;
const ATTEMPT_WORDS = 10;
const SETTLED = 1;
const FROM_NODE = 2;
/** Word of a sequence number's entry: the number of the attempt. */
const ATTEMPT = RING_OWN_WORD;

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
  private readonly attempts: RingTable;
  /** Key: initial sequence number alone. */
  private readonly sequences: RingTable;
  private early = 0;
  /** Number of the first attempt that has not settled yet; all newer ones come in order of arrival. */
  private unsettled: number;
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
    this.attempts = new RingTable(options.maxAttempts, ATTEMPT_WORDS, options.seed);
    this.sequences = new RingTable(options.maxAttempts, 0, options.seed);
    this.unsettled = this.attempts.oldest;
    this.flows = new FifoTable(options.maxFlows);
    this.flowCount = new Float64Array(this.flows.capacity);
    this.flowFirst = new Float64Array(this.flows.capacity);
    this.flowLast = new Float64Array(this.flows.capacity);
  }

  get evictions(): number {
    return this.early;
  }

  /** A segment with SYN set and ACK clear. True for an attempt that was not seen before. */
  syn(view: PacketView): boolean {
    const place = this.attempts.find(view.sequence | 0, view.sourcePort);
    if (place >= 0) {
      this.copy(place, view);
      return false;
    }
    const translated = this.masqueradedOriginal(view);
    if (translated >= 0) {
      this.deps.counts.masqueraded += 1;
      this.copy(translated, view);
      return false;
    }
    this.begin(view);
    return true;
  }

  /** Counts the attempts that are older than the settling time. */
  settle(now: number): void {
    const { attempts } = this;
    const before = now - this.options.settleMs;
    for (;;) {
      const place = attempts.placeOf(this.unsettled);
      if (place < 0 || !(attempts.timeAt(place) <= before)) return;
      this.count(place);
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
    for (let place = this.attempts.placeOf(this.unsettled); place >= 0; place = this.attempts.placeOf(this.unsettled)) this.count(place);
  }

  private begin(view: PacketView): void {
    const { deps, client, destination } = this;
    deps.counts.tcpAttempts += 1;
    this.makeRoom(view.at);
    const sequence = view.sequence | 0;
    const { attempts, sequences } = this;
    const isNode = deps.nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    addressKey(client, view.bytes, view.sourceOffset, view.family, this.options.seed);
    addressKey(destination, view.bytes, view.destinationOffset, view.family, this.options.seed);
    const asked = deps.addresses.idOf(view.bytes, view.destinationOffset, view.family);
    const place = attempts.add(sequence, view.sourcePort, view.at);
    const { words } = attempts;
    words[place + FLAGS] = isNode ? FROM_NODE : 0;
    words[place + SOURCE] = deps.addresses.idOf(view.bytes, view.sourceOffset, view.family);
    words[place + ASKED] = asked;
    words[place + ASKED_PORT] = view.destinationPort;
    words[place + FINAL] = asked;
    words[place + FINAL_PORT] = view.destinationPort;
    words[place + CLIENT_KEY] = client.high;
    words[place + CLIENT_KEY + 1] = client.low;
    words[place + ASKED_KEY] = destination.high;
    words[place + ASKED_KEY + 1] = destination.low;
    words[place + TRANSLATED_PORT] = 0;
    sequences.expire(view.at - SAME_ATTEMPT_MS);
    const known = sequences.add(sequence, 0, view.at);
    sequences.words[known + ATTEMPT] = attempts.entryAt(place);
  }

  /** Forgets what is too old, and the oldest attempt when the table is full; what leaves counts now. */
  private makeRoom(at: number): void {
    const { attempts } = this;
    const { isFull } = attempts;
    if (isFull) this.early += 1;
    while (isFull ? attempts.isFull : attempts.oldestTime() < at - SAME_ATTEMPT_MS) {
      if (attempts.oldest === this.unsettled) this.count(attempts.placeOf(attempts.oldest));
      attempts.dropOldest();
    }
  }

  /** Another copy: address translation may have changed either end. */
  private copy(place: number, view: PacketView): void {
    const { words } = this.attempts;
    if (((words[place + FLAGS] ?? 0) & SETTLED) !== 0) return;
    const { addresses, nodeAddresses } = this.deps;
    const id = addresses.idOf(view.bytes, view.destinationOffset, view.family);
    if (id !== words[place + ASKED] || view.destinationPort !== words[place + ASKED_PORT]) {
      words[place + FINAL] = id;
      words[place + FINAL_PORT] = view.destinationPort;
    }
    if (words[place + FLAGS] !== FROM_NODE) return;
    const isNode = nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    if (isNode) return;
    // The masqueraded copy came first (captures of two nodes, merged): the client is the other one.
    addressKey(this.client, view.bytes, view.sourceOffset, view.family, this.options.seed);
    words[place + SOURCE] = addresses.idOf(view.bytes, view.sourceOffset, view.family);
    words[place + FLAGS] = 0;
    words[place + CLIENT_KEY] = this.client.high;
    words[place + CLIENT_KEY + 1] = this.client.low;
  }

  /**
   * Place of the attempt of which this one is the masqueraded copy, or -1: the same initial sequence number at almost
   * the same time, and the same server port (rule 3) or one of the two sources a node's address (DNAT and masquerade
   * together, as for a NodePort). Retransmissions are translated to the same port as the first, however late they come.
   */
  private masqueradedOriginal(view: PacketView): number {
    const { attempts, sequences } = this;
    const found = sequences.find(view.sequence | 0, 0);
    if (found < 0) return NONE;
    const place = attempts.placeOf(sequences.words[found + ATTEMPT] ?? 0);
    if (place < 0) return NONE;
    const { words } = attempts;
    if (words[place + TRANSLATED_PORT] === view.sourcePort) return place;
    const flags = words[place + FLAGS] ?? 0;
    if ((flags & SETTLED) !== 0 || Math.abs(view.at - sequences.timeAt(found)) > TRANSLATED_COPY_MS) return NONE;
    const isNode = this.deps.nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    if (!isNode && (flags & FROM_NODE) === 0 && words[place + FINAL_PORT] !== view.destinationPort) return NONE;
    words[place + TRANSLATED_PORT] = view.sourcePort;
    return place;
  }

  /** Counts the first attempt that has not settled. */
  private count(place: number): void {
    const { key, flows } = this;
    const { words } = this.attempts;
    this.unsettled = (this.unsettled + 1) | 0;
    words[place + FLAGS] = (words[place + FLAGS] ?? 0) | SETTLED;
    const at = this.attempts.timeAt(place);
    startHash(key, this.options.seed);
    hashNumber(key, words[place + SOURCE] ?? 0);
    hashNumber(key, words[place + FINAL] ?? 0);
    hashNumber(key, words[place + FINAL_PORT] ?? 0);
    hashNumber(key, words[place + ASKED] ?? 0);
    hashNumber(key, words[place + ASKED_PORT] ?? 0);
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
    this.flowAttempt[flow] = this.toFlow(place);
  }

  private toFlow(place: number): TcpFlow {
    const { addresses, names } = this.deps;
    const { words } = this.attempts;
    const asked = words[place + ASKED] ?? 0;
    const final = words[place + FINAL] ?? 0;
    const askedPort = words[place + ASKED_PORT] ?? 0;
    const port = words[place + FINAL_PORT] ?? 0;
    this.client.high = words[place + CLIENT_KEY] ?? 0;
    this.client.low = words[place + CLIENT_KEY + 1] ?? 0;
    this.destination.high = words[place + ASKED_KEY] ?? 0;
    this.destination.low = words[place + ASKED_KEY + 1] ?? 0;
    const answer = names.find(this.client, this.destination, this.attempts.timeAt(place));
    return {
      client: addresses.textOf(words[place + SOURCE] ?? 0),
      destination: addresses.textOf(final),
      port,
      ...(asked === final && askedPort === port ? {} : { askedAddress: addresses.textOf(asked), askedPort }),
      ...(answer === undefined ? {} : { answer }),
      ...(addresses.keepsMemos ? toMemos(addresses.memoOf(words[place + SOURCE] ?? 0), addresses.memoOf(final)) : {}),
    };
  }
}

function toMemos(clientMemo: Memo | undefined, destinationMemo: Memo | undefined): Pick<TcpFlow, 'clientMemo' | 'destinationMemo'> {
  return { ...(clientMemo === undefined ? {} : { clientMemo }), ...(destinationMemo === undefined ? {} : { destinationMemo }) };
}
