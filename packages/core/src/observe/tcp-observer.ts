import type { Memo } from '../model/memo.ts';
import { addressKey } from './address-table.ts';
import type { AddressSet, AddressTable } from './address-table.ts';
import { dataViewOf, finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import type { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import { RING_OWN_WORD, RING_OWN_WORDS, RING_TIME, RingTable } from './ring-table.ts';
import type { DnsAnswer } from './dns-port.ts';
import { ATTEMPT, ATTEMPT_FROM_NODE, ATTEMPT_OF_NEW_SENDER } from './sink.ts';
import type { ObservationSink, ObserverCounts, TcpFlow } from './sink.ts';

/** A SYN is sent again for about two minutes (Linux tcp_syn_retries 6: 1 + 2 + … + 64 s). */
const SAME_ATTEMPT_MS = 130_000;
/** RFC 6298 2.1: a segment without an answer is sent again after a second. */
const FIRST_RETRANSMISSION_MS = 1_000;
/** Copies after address translation follow at once; only the skew between captures delays them. */
const TRANSLATED_COPY_MS = 2_000;
const NONE = -1;

/* Words of an attempt's entry: flags, then addresses (numbers) and ports. */
const FLAGS = RING_OWN_WORD;
const SOURCE = RING_OWN_WORDS;
const ASKED = SOURCE + 1;
const FINAL = SOURCE + 2;
/** The port that the client asked for; in the upper half the one behind address translation. */
const SERVER_PORTS = SOURCE + 3;
/** State of the names (NameMemory.changes) when none was found. */
const NAMELESS_AT = SOURCE + 4;
/** The client's port; in the upper half the one of the copies on the other side of masquerade, 0 while there was none. */
const CLIENT_PORTS = SOURCE + 5;
const ATTEMPT_WORDS = 6;
/** Attempts of different ports with one sequence number that are looked through: more than one is chance or forgery. */
const MAX_SAME_SEQUENCE = 16;
const SETTLED = 1;
const FROM_NODE = 2;
const NAMED = 4;

/* Words of a flow's entry besides when it was first seen: attempts, when it was last seen (a double), whether with a name. */
const FLOW_COUNT = RING_OWN_WORD;
const FLOW_LAST = RING_OWN_WORDS;
const FLOW_NAMED = RING_OWN_WORDS + 2;
const FLOW_WORDS = 3;

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
  /** Attempts are kept at least this long, if the bound allows. */
  readonly keepMs: number;
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
  /** Key: the initial sequence number alone, because masquerade changes the port. */
  private readonly attempts: RingTable;
  private early = 0;
  /** Number of the first attempt that has not settled yet; all newer ones come in order of arrival. */
  private unsettled: number;
  /** By which lookup the client had the address when it began, by the attempt's number; only until the attempt settles. */
  private readonly answers: (DnsAnswer | undefined)[] = [];
  private readonly flows: RingTable;
  /** By the entry's number, as those of names. */
  private readonly toldFlows: (TcpFlow | undefined)[] = [];
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly client: Hash64 = { high: 0, low: 0 };
  private readonly destination: Hash64 = { high: 0, low: 0 };

  constructor(deps: TcpObserverDeps, options: TcpObserverOptions) {
    this.deps = deps;
    this.options = options;
    this.attempts = new RingTable(options.maxAttempts, ATTEMPT_WORDS, options.seed);
    this.unsettled = this.attempts.oldest;
    this.flows = new RingTable(options.maxFlows, FLOW_WORDS, options.seed);
  }

  get evictions(): number {
    return this.early;
  }

  /** A segment with SYN set and ACK clear. ATTEMPT and what else is true of it; 0 for a copy of one that was seen before. */
  syn(view: PacketView): number {
    const data = dataViewOf(view.bytes);
    const newest = this.attempts.find(view.sequence | 0, 0);
    if (newest < 0) return this.begin(data, view);
    const same = this.ofPort(newest, view.sourcePort);
    if (same >= 0) {
      this.copy(same, data, view);
      return 0;
    }
    if (!this.isMasqueradedCopy(newest, data, view)) return this.begin(data, view);
    this.deps.counts.masqueraded += 1;
    this.copy(newest, data, view);
    return 0;
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
    const { flows } = this;
    for (let left = flows.size; left > 0; left--) {
      this.emit(flows.placeOf(flows.oldest));
      flows.dropOldest();
    }
    flows.clear();
    this.toldFlows.length = 0;
  }

  /** Address numbers are about to start over: attempts keep only what recognises their later copies. */
  forgetAddresses(): void {
    for (let place = this.attempts.placeOf(this.unsettled); place >= 0; place = this.attempts.placeOf(this.unsettled)) this.count(place);
  }

  /** Of the attempts with one sequence number, newest first, the place of the one from this port, or -1. */
  private ofPort(newest: number, port: number): number {
    const { attempts } = this;
    let place = newest;
    for (let looked = 0; place >= 0 && looked < MAX_SAME_SEQUENCE; looked++) {
      if (((attempts.words[place + CLIENT_PORTS] ?? 0) & 0xffff) === port) return place;
      place = attempts.findOlder(place);
    }
    return NONE;
  }

  /** @returns what `syn` does. */
  private begin(data: DataView, view: PacketView): number {
    const { deps, client, destination, attempts } = this;
    const { addresses } = deps;
    deps.counts.tcpAttempts += 1;
    this.makeRoom(view.at);
    addressKey(client, data, view.sourceOffset, view.family, this.options.seed);
    addressKey(destination, data, view.destinationOffset, view.family, this.options.seed);
    const asked = addresses.idOf(destination, data, view.destinationOffset, view.family);
    const place = attempts.add(view.sequence | 0, 0, view.at);
    const { words } = attempts;
    words[place + SOURCE] = addresses.senderOf(client, data, view.sourceOffset, view.family, view.at);
    words[place + ASKED] = asked;
    words[place + FINAL] = asked;
    words[place + SERVER_PORTS] = view.destinationPort | (view.destinationPort << 16);
    words[place + CLIENT_PORTS] = view.sourcePort;
    words[place + NAMELESS_AT] = deps.names.changes;
    const answer = deps.names.find(client, destination, view.at);
    if (answer !== undefined) this.answers[this.slotOf(place)] = answer;
    const isFromNode = deps.nodeAddresses().has(client);
    words[place + FLAGS] = (isFromNode ? FROM_NODE : 0) | (answer === undefined ? 0 : NAMED);
    return ATTEMPT | (isFromNode ? ATTEMPT_FROM_NODE : 0) | (addresses.isNewSender ? ATTEMPT_OF_NEW_SENDER : 0);
  }

  /** Index of an attempt among `answers`. */
  private slotOf(place: number): number {
    return this.attempts.entryAt(place) & (this.attempts.maxCapacity - 1);
  }

  /** Forgets what is too old, and the oldest attempt when the table is full, or need not grow. */
  private makeRoom(at: number): void {
    const { attempts } = this;
    while (attempts.oldestTime() < at - SAME_ATTEMPT_MS) this.dropOldest();
    if (attempts.size < attempts.room || (!attempts.isFull && this.isWorthGrowing(at))) return;
    this.early += 1;
    this.dropOldest();
  }

  /**
   * Whether a larger table would recognise more: copies, or what is sent again after a second. So many attempts that not
   * even the largest holds those of a second are kept only for their copies: few entries stay in the processor's caches.
   */
  private isWorthGrowing(at: number): boolean {
    const { attempts } = this;
    const heldMs = at - attempts.oldestTime();
    return heldMs < this.options.keepMs || heldMs * (attempts.maxCapacity / attempts.room) >= FIRST_RETRANSMISSION_MS;
  }

  /** What leaves counts now. */
  private dropOldest(): void {
    const { attempts } = this;
    if (attempts.oldest === this.unsettled) this.count(attempts.placeOf(attempts.oldest));
    attempts.dropOldest();
  }

  /** Another copy: address translation may have changed either end. */
  private copy(place: number, data: DataView, view: PacketView): void {
    const { words } = this.attempts;
    if (((words[place + FLAGS] ?? 0) & SETTLED) !== 0) return;
    const { client, destination } = this;
    const { addresses, names, nodeAddresses } = this.deps;
    const { seed } = this.options;
    addressKey(destination, data, view.destinationOffset, view.family, seed);
    const isAsked = addresses.isKeyOf(destination, words[place + ASKED] ?? 0);
    const ports = words[place + SERVER_PORTS] ?? 0;
    if (!isAsked || view.destinationPort !== (ports & 0xffff)) {
      words[place + FINAL] = addresses.idOf(destination, data, view.destinationOffset, view.family);
      words[place + SERVER_PORTS] = (ports & 0xffff) | (view.destinationPort << 16);
    }
    if (((words[place + FLAGS] ?? 0) & FROM_NODE) === 0) return;
    addressKey(client, data, view.sourceOffset, view.family, seed);
    if (nodeAddresses().has(client)) return;
    // The masqueraded copy came first (captures of two nodes, merged): the client is the other one.
    words[place + SOURCE] = addresses.idOf(client, data, view.sourceOffset, view.family);
    words[place + FLAGS] = 0;
    words[place + NAMELESS_AT] = ~names.changes;
    this.answers[this.slotOf(place)] = undefined;
  }

  /**
   * Whether this is the masqueraded copy of the attempt at `place`, which has the same initial sequence number: at
   * almost the same time, and to the same server port (rule 3) or with a node's address as one of the two sources (DNAT
   * and masquerade together, as for a NodePort). Retransmissions are translated to the same port as the first, however
   * late they come.
   */
  private isMasqueradedCopy(place: number, data: DataView, view: PacketView): boolean {
    const { attempts, client } = this;
    const { words } = attempts;
    const ports = words[place + CLIENT_PORTS] ?? 0;
    if (ports >>> 16 === view.sourcePort) return true;
    const flags = words[place + FLAGS] ?? 0;
    if ((flags & SETTLED) !== 0 || Math.abs(view.at - attempts.timeAt(place)) > TRANSLATED_COPY_MS) return false;
    addressKey(client, data, view.sourceOffset, view.family, this.options.seed);
    const isNode = this.deps.nodeAddresses().has(client);
    if (!isNode && (flags & FROM_NODE) === 0 && (words[place + SERVER_PORTS] ?? 0) >>> 16 !== view.destinationPort) return false;
    words[place + CLIENT_PORTS] = (ports & 0xffff) | (view.sourcePort << 16);
    return true;
  }

  /** Counts the first attempt that has not settled. */
  private count(place: number): void {
    const { key, flows } = this;
    const { words } = this.attempts;
    this.unsettled = (this.unsettled + 1) | 0;
    const at = this.attempts.timeAt(place);
    startHash(key, this.options.seed);
    hashNumber(key, words[place + SOURCE] ?? 0);
    hashNumber(key, words[place + FINAL] ?? 0);
    hashNumber(key, words[place + ASKED] ?? 0);
    hashNumber(key, words[place + SERVER_PORTS] ?? 0);
    finishHash(key);
    const answer = this.takeAnswer(place);
    words[place + FLAGS] = (words[place + FLAGS] ?? 0) | SETTLED;
    let flow = flows.find(key.high, key.low);
    if (flow < 0) {
      if (flows.isFull) this.drain();
      flow = flows.add(key.high, key.low, at);
      this.beginFlow(flow, place, answer, at);
    } else if ((answer !== undefined || flows.words[flow + FLOW_NAMED] === 1) && this.flowAt(flow)?.answer?.name !== answer?.name) {
      // Names may share an address: what was asked for by another one is told apart.
      this.emit(flow);
      this.beginFlow(flow, place, answer, at);
    }
    flows.words[flow + FLOW_COUNT] = (flows.words[flow + FLOW_COUNT] ?? 0) + 1;
    const { doubles } = flows;
    if (at < flows.timeAt(flow)) doubles[(flow + RING_TIME) >> 1] = at;
    if (at > (doubles[(flow + FLOW_LAST) >> 1] ?? 0)) doubles[(flow + FLOW_LAST) >> 1] = at;
  }

  /** A flow of which nothing is counted yet. */
  private beginFlow(flow: number, attempt: number, answer: DnsAnswer | undefined, at: number): void {
    const { words, doubles } = this.flows;
    words[flow + FLOW_COUNT] = 0;
    words[flow + FLOW_NAMED] = answer === undefined ? 0 : 1;
    doubles[(flow + RING_TIME) >> 1] = at;
    doubles[(flow + FLOW_LAST) >> 1] = at;
    this.toldFlows[this.flowSlotOf(flow)] = this.toFlow(attempt, answer);
  }

  private flowAt(flow: number): TcpFlow | undefined {
    return this.toldFlows[this.flowSlotOf(flow)];
  }

  /** Index of a flow among `toldFlows`. */
  private flowSlotOf(flow: number): number {
    return this.flows.entryAt(flow) & (this.flows.maxCapacity - 1);
  }

  /** By which lookup the client had the address when the attempt began, else by which it has it now. */
  private takeAnswer(place: number): DnsAnswer | undefined {
    const { words } = this.attempts;
    if (((words[place + FLAGS] ?? 0) & NAMED) === 0)
      return words[place + NAMELESS_AT] === this.deps.names.changes ? undefined : this.nameOf(place);
    const slot = this.slotOf(place);
    const answer = this.answers[slot];
    this.answers[slot] = undefined;
    return answer;
  }

  /** Newest lookup by which the client has the address now: its copies may come before those of the answer (rule 5). */
  private nameOf(place: number): DnsAnswer | undefined {
    const { words } = this.attempts;
    this.deps.addresses.keyOf(this.client, words[place + SOURCE] ?? 0);
    this.deps.addresses.keyOf(this.destination, words[place + ASKED] ?? 0);
    return this.deps.names.find(this.client, this.destination, this.attempts.timeAt(place));
  }

  private emit(place: number): void {
    const { words, doubles } = this.flows;
    const flow = this.flowAt(place);
    if (flow === undefined) return;
    this.deps.sink.tcp(flow, words[place + FLOW_COUNT] ?? 0, this.flows.timeAt(place), doubles[(place + FLOW_LAST) >> 1] ?? 0);
  }

  private toFlow(place: number, answer: DnsAnswer | undefined): TcpFlow {
    const { addresses } = this.deps;
    const { words } = this.attempts;
    const asked = words[place + ASKED] ?? 0;
    const final = words[place + FINAL] ?? 0;
    const ports = words[place + SERVER_PORTS] ?? 0;
    const askedPort = ports & 0xffff;
    const port = ports >>> 16;
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
