import { AddressSet, AddressTable } from './address-table.ts';
import type { DecodeDnsAnswer, DnsAnswer } from './dns-port.ts';
import { DnsObserver } from './dns-observer.ts';
import { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import type { ObservationSink, ObserverCounts } from './sink.ts';
import { TcpObserver } from './tcp-observer.ts';

export interface ObserverDeps {
  /** Decodes one DNS response (the package wire has it). */
  readonly decodeDnsAnswer: DecodeDnsAnswer;
  readonly sink: ObservationSink;
}

/** Bounds and times; the defaults suit an offline map, the sniffer takes smaller ones. */
export interface ObserverOptions {
  /** DNS transactions remembered to recognise answers and copies (about 40 bytes each once used). */
  readonly maxTransactions?: number;
  /**
   * How long a completed transaction is kept at least, if the bound allows, once there are more than 4,096 of them, and
   * an attempt once there are so many that the bound does not even allow a second: their copies come at once on a live
   * node, as late as the skew between merged captures. Default: as long as there is room.
   */
  readonly keepMs?: number;
  /** Questions remembered to recognise their masqueraded copies; a quarter of the transactions unless told. */
  readonly maxQuestions?: number;
  /** Decoded answers kept (about 1 KiB each). */
  readonly maxAnswers?: number;
  /** (client, answer) pairs and (client, destination) flows counted between two drains; more drain by themselves. */
  readonly maxPairs?: number;
  readonly maxFlows?: number;
  /** TCP attempts remembered to recognise copies and retransmissions. */
  readonly maxAttempts?: number;
  /** Names remembered per (client, address). */
  readonly maxNames?: number;
  /** Distinct addresses between two drains. */
  readonly maxAddresses?: number;
  /** How long copies of one attempt are waited for: 2,000 for merged captures, 200 on a live node. */
  readonly settleMs?: number;
  /** Whether addresses and answers carry memos for whoever resolves them. */
  readonly memos?: boolean;
  /** Random number that keeps senders from choosing hash collisions. */
  readonly seed?: number;
}

/** Turns packets into observations (rules 1-5, 14, 17). Owns all memory for keys; it never grows with the input. */
export interface Observer {
  /** A DNS message over UDP or TCP; payloadOffset and payloadLength of the view delimit it. True: a lookup that was not counted yet. */
  dns(view: PacketView): boolean;
  /** A TCP segment with SYN set and ACK clear: ATTEMPT, with ATTEMPT_FROM_NODE and ATTEMPT_OF_NEW_SENDER, or 0 for a copy. */
  tcpSyn(view: PacketView): number;
  /**
   * Hands the sink what settled before `now` (capture time, ms). `onPause` is called now and then meanwhile, and may bring
   * further packets.
   */
  drain(now: number, onPause?: () => void): void;
  /** Hands the sink everything, settled or not: the end of a capture. */
  finish(): void;
  /** Addresses of nodes: the only ones that masquerade can put in place of a client's (rules 8, 18). */
  setNodeAddresses(addresses: Iterable<string>): void;
  /** The answer by which `client` was given `address` at most 24 hours before `at` (rule 14): for what is seen otherwise than in packets. */
  nameFor(client: string, address: string, at: number): DnsAnswer | undefined;
  readonly counts: Readonly<ObserverCounts>;
}

/** A packet brings at most two new addresses. */
const ADDRESSES_PER_PACKET = 2;

export function createObserver(deps: ObserverDeps, options: ObserverOptions = {}): Observer {
  const seed = options.seed ?? 0x1b873593;
  const maxTransactions = options.maxTransactions ?? 131_072;
  const counts: ObserverCounts = {
    dnsMessages: 0,
    dnsTransactions: 0,
    dnsUnmatched: 0,
    dnsMalformed: 0,
    dnsIgnored: 0,
    dnsNegative: 0,
    dnsTruncated: 0,
    dnsServerOwn: 0,
    masqueraded: 0,
    dnsUnanswered: 0,
    tcpAttempts: 0,
    evictions: 0,
  };
  let nodeAddresses = new AddressSet([], seed);
  const addresses = new AddressTable(options.maxAddresses ?? 65_536, seed, options.memos);
  const names = new NameMemory(options.maxNames ?? 131_072, seed);
  const shared = { addresses, names, counts, sink: deps.sink, nodeAddresses: () => nodeAddresses };
  const dns = new DnsObserver(
    { ...shared, decode: deps.decodeDnsAnswer },
    {
      maxTransactions,
      keepMs: options.keepMs ?? Number.POSITIVE_INFINITY,
      maxQuestions: options.maxQuestions ?? maxTransactions / 4,
      maxAnswers: options.maxAnswers ?? 16_384,
      maxPairs: options.maxPairs ?? 16_384,
      seed,
    },
  );
  const tcp = new TcpObserver(shared, {
    maxAttempts: options.maxAttempts ?? 65_536,
    maxFlows: options.maxFlows ?? 16_384,
    keepMs: options.keepMs ?? Number.POSITIVE_INFINITY,
    settleMs: options.settleMs ?? 2_000,
    seed,
  });

  const emit = (onPause?: () => void): void => {
    dns.drain(onPause);
    tcp.drain();
    counts.evictions = dns.evictions + names.evictions + tcp.evictions;
  };
  const startOver = (): void => {
    tcp.forgetAddresses();
    emit();
    addresses.clear();
  };

  return {
    counts,
    dns(view) {
      if (addresses.isFull(ADDRESSES_PER_PACKET)) startOver();
      return dns.message(view);
    },
    tcpSyn(view) {
      if (addresses.isFull(ADDRESSES_PER_PACKET)) startOver();
      return tcp.syn(view);
    },
    drain(now, onPause) {
      tcp.settle(now);
      emit(onPause);
    },
    finish() {
      this.drain(Number.POSITIVE_INFINITY);
    },
    setNodeAddresses(texts) {
      nodeAddresses = new AddressSet(texts, seed);
    },
    nameFor: (client, address, at) => names.findByText(client, address, at),
  };
}
