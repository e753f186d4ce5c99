import type { AddressTable } from './address-table.ts';
import { addressKey } from './address-table.ts';
import type { AddressSet } from './address-table.ts';
import type { DecodeDnsAnswer, DnsAnswer } from './dns-port.ts';
import { DNS_HEADER_BYTES, hashAnswers, hashQuestion, questionType } from './dns-question.ts';
import { FifoTable } from './fifo-table.ts';
import { finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import type { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import type { ObservationSink, ObserverCounts } from './sink.ts';

/** Rule 1: a key seen again this long after it completed is a new transaction. */
const NEW_TRANSACTION_AFTER_MS = 5_000;
/** An unanswered question is forgotten after this long; resolvers give up earlier (glibc: 2 tries of 5 s per server). */
const UNANSWERED_AFTER_MS = 60_000;
/** Masquerade happens on the node that saw the first copy, within the same pass of the packet. */
const MASQUERADE_WINDOW_MS = 1_000;
/** Rule 17: a client that answered queries this recently is a DNS server. */
const DNS_SERVER_FOR_MS = 10 * 60 * 1000;
/** Where copies of one query were seen going: the Service, the pod behind it, and two more. */
const MAX_SERVERS = 4;

const NO_KEYS = new Uint32Array(0);
const WAITING = 0;
const DONE = 1;
const COPY = 2;

/** DNS types that can make an edge: A, AAAA, SVCB, HTTPS (RFC 1035, 3596, 9460). */
function makesEdge(type: number): boolean {
  return type === 1 || type === 28 || type === 64 || type === 65;
}

export interface DnsObserverDeps {
  readonly decode: DecodeDnsAnswer;
  readonly addresses: AddressTable;
  readonly names: NameMemory;
  readonly counts: ObserverCounts;
  readonly sink: ObservationSink;
  readonly nodeAddresses: () => AddressSet;
}

export interface DnsObserverOptions {
  readonly maxTransactions: number;
  readonly maxAnswers: number;
  readonly maxPairs: number;
  readonly seed: number;
}

/** Pairs queries with answers (rules 1, 2) and counts completed lookups per client and answer. */
export class DnsObserver {
  private readonly deps: DnsObserverDeps;
  private readonly seed: number;
  private readonly transactions: FifoTable;
  private readonly state: Uint8Array;
  private readonly doneAt: Float64Array;
  private readonly servers: Uint32Array;
  private readonly questions: FifoTable;
  private readonly questionClient: Uint32Array;
  private readonly answers: FifoTable;
  private readonly decoded: (DnsAnswer | undefined)[] = [];
  private readonly answerKeys: (Uint32Array | undefined)[] = [];
  private readonly answering: FifoTable;
  private readonly answeredAt: Float64Array;
  private readonly pairs: FifoTable;
  private readonly pairClient: Int32Array;
  private readonly pairCount: Float64Array;
  private readonly pairFirst: Float64Array;
  private readonly pairLast: Float64Array;
  private readonly pairAnswer: (DnsAnswer | undefined)[] = [];
  private readonly pairClientKey: Uint32Array;
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly client: Hash64 = { high: 0, low: 0 };
  private readonly server: Hash64 = { high: 0, low: 0 };
  private readonly question: Hash64 = { high: 0, low: 0 };
  /** Hash of the question without the message's id: what all clients that ask it share. */
  private nameHigh = 0;
  private nameLow = 0;

  constructor(deps: DnsObserverDeps, options: DnsObserverOptions) {
    this.deps = deps;
    this.seed = options.seed;
    this.transactions = new FifoTable(options.maxTransactions, (slot) => {
      if (this.state[slot] === WAITING) this.deps.counts.dnsUnanswered += 1;
    });
    this.state = new Uint8Array(this.transactions.capacity);
    this.doneAt = new Float64Array(this.transactions.capacity);
    this.servers = new Uint32Array(this.transactions.capacity * MAX_SERVERS);
    this.questions = new FifoTable(options.maxTransactions / 4);
    this.questionClient = new Uint32Array(this.questions.capacity);
    this.answers = new FifoTable(options.maxAnswers);
    this.answering = new FifoTable(4096);
    this.answeredAt = new Float64Array(this.answering.capacity);
    this.pairs = new FifoTable(options.maxPairs);
    this.pairClient = new Int32Array(this.pairs.capacity);
    this.pairCount = new Float64Array(this.pairs.capacity);
    this.pairFirst = new Float64Array(this.pairs.capacity);
    this.pairLast = new Float64Array(this.pairs.capacity);
    this.pairClientKey = new Uint32Array(this.pairs.capacity * 2);
  }

  get evictions(): number {
    return this.transactions.evictions + this.answers.evictions + this.answering.evictions;
  }

  /** One DNS message: payloadOffset and payloadLength of the view delimit it. */
  message(view: PacketView): void {
    const { counts } = this.deps;
    counts.dnsMessages += 1;
    const { bytes, payloadOffset: offset, payloadLength: length } = view;
    if (length < DNS_HEADER_BYTES + 5) {
      counts.dnsMalformed += 1;
      return;
    }
    const flags = bytes[offset + 2] ?? 0;
    const isResponse = (flags & 0x80) !== 0;
    const questionCount = ((bytes[offset + 4] ?? 0) << 8) | (bytes[offset + 5] ?? 0);
    if ((flags & 0x78) !== 0 || questionCount !== 1) {
      counts.dnsIgnored += 1;
      return;
    }
    const { question } = this;
    startHash(question, this.seed);
    const questionEnd = hashQuestion(question, bytes, offset, offset + length);
    if (questionEnd < 0) {
      counts.dnsMalformed += 1;
      return;
    }
    if (!makesEdge(questionType(bytes, questionEnd))) {
      counts.dnsIgnored += 1;
      return;
    }
    const id = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
    this.nameHigh = question.high;
    this.nameLow = question.low;
    hashNumber(question, id);
    if (isResponse) this.response(view, questionEnd);
    else this.query(view);
  }

  /** Gives the sink what was counted since the last drain. Lookups by DNS servers themselves are left out (rule 17). */
  drain(): void {
    const { pairs } = this;
    const { sink } = this.deps;
    for (let slot = pairs.oldestSlot(); slot >= 0; slot = pairs.nextNewer(slot)) {
      const answer = this.pairAnswer[slot];
      if (answer === undefined) continue;
      const count = this.pairCount[slot] ?? 0;
      const last = this.pairLast[slot] ?? 0;
      if (this.isDnsServer(this.pairClientKey[slot * 2] ?? 0, this.pairClientKey[slot * 2 + 1] ?? 0, last)) {
        this.deps.counts.dnsServerOwn += count;
        continue;
      }
      sink.dns(this.deps.addresses.textOf(this.pairClient[slot] ?? 0), answer, count, this.pairFirst[slot] ?? 0, last);
    }
    pairs.clear();
    this.pairAnswer.length = 0;
  }

  private query(view: PacketView): void {
    const { client, server, transactions } = this;
    addressKey(client, view.bytes, view.sourceOffset, view.family, this.seed);
    addressKey(server, view.bytes, view.destinationOffset, view.family, this.seed);
    this.transactionKey(view.sourcePort);
    const { at } = view;
    transactions.expire(at - UNANSWERED_AFTER_MS);
    let slot = transactions.find(this.key.high, this.key.low);
    if (slot >= 0 && this.state[slot] !== WAITING && at - (this.doneAt[slot] ?? 0) > NEW_TRANSACTION_AFTER_MS) this.begin(slot, view);
    if (slot < 0) {
      slot = transactions.add(this.key.high, this.key.low, at);
      this.begin(slot, view);
    }
    this.addServer(slot, serverHash(server, view.destinationPort));
  }

  /** A new transaction, unless it is the masqueraded copy of one that another client just began. */
  private begin(slot: number, view: PacketView): void {
    this.state[slot] = WAITING;
    this.doneAt[slot] = view.at;
    this.servers.fill(0, slot * MAX_SERVERS, (slot + 1) * MAX_SERVERS);
    const { question, client, questions } = this;
    const clientHash = (client.low ^ Math.imul(client.high, 0x9e3779b1)) >>> 0;
    questions.expire(view.at - 2 * MASQUERADE_WINDOW_MS);
    const seen = questions.find(question.high, question.low >>> 0);
    if (seen < 0) {
      this.questionClient[questions.add(question.high, question.low, view.at)] = clientHash;
      return;
    }
    const isCopy =
      this.questionClient[seen] !== clientHash &&
      Math.abs(view.at - questions.timeOf(seen)) <= MASQUERADE_WINDOW_MS &&
      this.deps.nodeAddresses().has(view.bytes, view.sourceOffset, view.family);
    if (!isCopy) return;
    this.state[slot] = COPY;
    this.deps.counts.masqueraded += 1;
  }

  private response(view: PacketView, questionEnd: number): void {
    const { client, server, transactions, deps } = this;
    addressKey(client, view.bytes, view.destinationOffset, view.family, this.seed);
    addressKey(server, view.bytes, view.sourceOffset, view.family, this.seed);
    this.transactionKey(view.destinationPort);
    const slot = transactions.find(this.key.high, this.key.low);
    if (slot < 0 || !this.hasServer(slot, serverHash(server, view.sourcePort))) {
      deps.counts.dnsUnmatched += 1;
      return;
    }
    if (this.state[slot] === COPY) {
      this.markDnsServer(server, view.at);
      return;
    }
    if (this.state[slot] === DONE) {
      // Copies of the answer come from each address the query went to: all of them belong to DNS servers.
      if (view.at - (this.doneAt[slot] ?? 0) < MASQUERADE_WINDOW_MS) this.markDnsServer(server, view.at);
      return;
    }
    this.complete(slot, view, questionEnd);
  }

  private complete(slot: number, view: PacketView, questionEnd: number): void {
    const { counts } = this.deps;
    const { bytes, payloadOffset: offset, payloadLength: length, at } = view;
    this.markDnsServer(this.server, at);
    this.state[slot] = DONE;
    this.doneAt[slot] = at;
    counts.dnsTransactions += 1;
    if (((bytes[offset + 2] ?? 0) & 0x02) !== 0) {
      counts.dnsTruncated += 1;
      return;
    }
    const answerCount = ((bytes[offset + 6] ?? 0) << 8) | (bytes[offset + 7] ?? 0);
    if (((bytes[offset + 3] ?? 0) & 0x0f) !== 0 || answerCount === 0) {
      counts.dnsNegative += 1;
      return;
    }
    const answerSlot = this.answerOf(view, questionEnd, offset + length, answerCount);
    const answer = this.decoded[answerSlot];
    if (answer === undefined) {
      counts.dnsMalformed += 1;
      return;
    }
    if (answer.addresses.length === 0) {
      counts.dnsNegative += 1;
      return;
    }
    this.countPair(view, answer, answerSlot);
  }

  /** Slot of the decoded answer, decoded once for all clients that get the same one; -1 when it is malformed. */
  private answerOf(view: PacketView, questionEnd: number, end: number, answerCount: number): number {
    const { key } = this;
    const { bytes, payloadOffset: offset } = view;
    startHash(key, this.seed ^ 0x51ed270b);
    hashNumber(key, this.nameHigh);
    hashNumber(key, this.nameLow);
    if (!hashAnswers(key, bytes, questionEnd, end, answerCount)) return -1;
    finishHash(key);
    let slot = this.answers.find(key.high, key.low);
    if (slot >= 0) return slot;
    const decoded = this.deps.decode(bytes, offset, view.payloadLength);
    if (typeof decoded === 'string') return -1;
    slot = this.answers.add(key.high, key.low, view.at);
    this.decoded[slot] = decoded;
    this.answerKeys[slot] = this.deps.names.keysOf(decoded);
    return slot;
  }

  private countPair(view: PacketView, answer: DnsAnswer, answerSlot: number): void {
    const { key, client, pairs, deps } = this;
    const answerHigh = key.high;
    const answerLow = key.low;
    startHash(key, this.seed);
    hashNumber(key, answerHigh);
    hashNumber(key, answerLow);
    hashNumber(key, client.high);
    hashNumber(key, client.low);
    finishHash(key);
    let slot = pairs.find(key.high, key.low);
    if (slot >= 0) {
      this.pairCount[slot] = (this.pairCount[slot] ?? 0) + 1;
      this.pairFirst[slot] = Math.min(this.pairFirst[slot] ?? 0, view.at);
      this.pairLast[slot] = Math.max(this.pairLast[slot] ?? 0, view.at);
      return;
    }
    if (pairs.size === pairs.capacity) this.drain();
    slot = pairs.add(key.high, key.low, view.at);
    this.pairClient[slot] = deps.addresses.idOf(view.bytes, view.destinationOffset, view.family);
    this.pairClientKey[slot * 2] = client.high;
    this.pairClientKey[slot * 2 + 1] = client.low;
    this.pairCount[slot] = 1;
    this.pairFirst[slot] = view.at;
    this.pairLast[slot] = view.at;
    this.pairAnswer[slot] = answer;
    deps.names.learn(client, answer, this.answerKeys[answerSlot] ?? NO_KEYS, view.at);
  }

  private transactionKey(clientPort: number): void {
    const { key, client, question } = this;
    key.high = question.high;
    key.low = question.low;
    hashNumber(key, client.high);
    hashNumber(key, client.low);
    hashNumber(key, clientPort);
    finishHash(key);
  }

  private addServer(slot: number, hash: number): void {
    const from = slot * MAX_SERVERS;
    for (let i = from; i < from + MAX_SERVERS; i++) {
      const known = this.servers[i] ?? 0;
      if (known === hash) return;
      if (known === 0) {
        this.servers[i] = hash;
        return;
      }
    }
  }

  private hasServer(slot: number, hash: number): boolean {
    const from = slot * MAX_SERVERS;
    for (let i = from; i < from + MAX_SERVERS; i++) if (this.servers[i] === hash) return true;
    return false;
  }

  private markDnsServer(server: Hash64, at: number): void {
    const slot = this.answering.find(server.high, server.low);
    if (slot >= 0) this.answeredAt[slot] = at;
    else this.answeredAt[this.answering.add(server.high, server.low, at)] = at;
  }

  private isDnsServer(high: number, low: number, at: number): boolean {
    const slot = this.answering.find(high, low);
    return slot >= 0 && at - (this.answeredAt[slot] ?? 0) <= DNS_SERVER_FOR_MS;
  }
}

/** Never 0, which stands for an empty place. */
function serverHash(server: Readonly<Hash64>, port: number): number {
  return (Math.imul(server.low ^ Math.imul(server.high, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(port, 0xc2b2ae35)) >>> 0 || 1;
}
