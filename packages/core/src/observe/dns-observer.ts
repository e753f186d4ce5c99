import type { AddressTable } from './address-table.ts';
import { Memo } from '../model/memo.ts';
import { addressKey } from './address-table.ts';
import type { AddressSet } from './address-table.ts';
import type { DecodeDnsAnswer, DnsAnswer } from './dns-port.ts';
import { DNS_HEADER_BYTES, hashAnswers, hashQuestion, questionType } from './dns-question.ts';
import { FifoTable } from './fifo-table.ts';
import { dataViewOf, finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import type { NameMemory } from './name-memory.ts';
import type { PacketView } from './packet-view.ts';
import { RING_OWN_WORD, RING_OWN_WORDS, RING_TIME, RingTable } from './ring-table.ts';
import type { ObservationSink, ObserverCounts } from './sink.ts';

/** Rule 1: a key seen again this long after it completed is a new transaction. */
const NEW_TRANSACTION_AFTER_MS = 5_000;
/** An unanswered question is forgotten after this long; resolvers give up earlier (glibc: 2 tries of 5 s per server). */
const UNANSWERED_AFTER_MS = 60_000;
/** Masquerade happens at once; captures of two nodes may be that far apart (rule 5). */
const MASQUERADE_WINDOW_MS = 2_000;
/** Rule 17: a client that answered queries this recently is a DNS server. */
const DNS_SERVER_FOR_MS = 10 * 60 * 1000;
/** Where copies of one query were seen going: the Service, the pod behind it, and two more. */
const MAX_SERVERS = 4;
/** Handing out this many takes a few milliseconds. */
const PAIRS_PER_PAUSE = 2_048;

/** A table of transactions that is larger than this grows only for those that may still matter. */
const ALWAYS_KEPT = 4_096;
/** glibc and others ask again after 5 s: an answer that takes longer is of no use to who asked. */
const ANSWERED_WITHIN_MS = 5_000;

/* Words of a transaction's entry: its state and, in the upper bits, milliseconds from when it was added to that state. */
const STATE = RING_OWN_WORD;
const STATE_BITS = 2;
const STATE_MASK = 3;
const SERVERS = RING_OWN_WORDS;
/* Words of a question's entry: who asked, and the number of the transaction. */
const CLIENT = RING_OWN_WORD;
const TRANSACTION = RING_OWN_WORDS;
const QUESTION_WORDS = 1;
/** Word of an answer's entry: twice its index, and one more when it has addresses. */
const ANSWER = RING_OWN_WORD;
/* Words of a pair's entry; its time is that of the first lookup. */
const PAIR_COUNT = RING_OWN_WORD;
const PAIR_LAST = RING_OWN_WORDS;
const PAIR_CLIENT = PAIR_LAST + 2;
const PAIR_CLIENT_KEY = PAIR_LAST + 3;
const PAIR_WORDS = 5;

const NO_KEYS = new Int32Array(0);
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
  /** Completed transactions are kept at least this long, if the bound allows, once there are many of them. */
  readonly keepMs: number;
  /** Questions remembered to recognise their masqueraded copies. */
  readonly maxQuestions: number;
  readonly maxAnswers: number;
  readonly maxPairs: number;
  readonly seed: number;
}

/** Pairs queries with answers (rules 1, 2) and counts completed lookups per client and answer. */
export class DnsObserver {
  private readonly deps: DnsObserverDeps;
  private readonly seed: number;
  private readonly keepMs: number;
  private readonly transactions: RingTable;
  /** Who asked a question last: by question and message id. */
  private readonly questions: RingTable;
  private readonly answers: RingTable;
  /** By the index in an answer's entry. */
  private readonly decoded: (DnsAnswer | undefined)[] = [];
  private readonly answerKeys: (Int32Array | undefined)[] = [];
  private readonly answering: FifoTable;
  private readonly answeredAt: Float64Array;
  private readonly pairs: RingTable;
  /** In the order of the pairs. */
  private readonly pairAnswers: DnsAnswer[] = [];
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly client: Hash64 = { high: 0, low: 0 };
  private readonly server: Hash64 = { high: 0, low: 0 };
  private readonly question: Hash64 = { high: 0, low: 0 };
  /** What an answer says, its question included. */
  private readonly answer: Hash64 = { high: 0, low: 0 };
  /** Hash of the question without the message's id: what all clients that ask it share. */
  private nameHigh = 0;
  private nameLow = 0;
  /** Transactions and answers forgotten early because their table was full. */
  private early = 0;
  /** The DNS server that answered last, and its slot: most answers come from one. */
  private readonly lastServer: Hash64 = { high: 0, low: 0 };
  private lastServerSlot = -1;

  constructor(deps: DnsObserverDeps, options: DnsObserverOptions) {
    this.deps = deps;
    this.seed = options.seed;
    this.keepMs = options.keepMs;
    this.transactions = new RingTable(options.maxTransactions, MAX_SERVERS, options.seed);
    this.questions = new RingTable(options.maxQuestions, QUESTION_WORDS, options.seed);
    this.answers = new RingTable(options.maxAnswers, 0, options.seed);
    this.answering = new FifoTable(4096, options.seed);
    this.answeredAt = new Float64Array(this.answering.capacity);
    this.pairs = new RingTable(options.maxPairs, PAIR_WORDS, options.seed);
  }

  get evictions(): number {
    return this.early + this.answering.evictions;
  }

  /** One DNS message: payloadOffset and payloadLength of the view delimit it. True when it tells of a client and answer that were not counted yet. */
  message(view: PacketView): boolean {
    const { counts } = this.deps;
    counts.dnsMessages += 1;
    const { payloadOffset: offset, payloadLength: length } = view;
    if (length < DNS_HEADER_BYTES + 5) {
      counts.dnsMalformed += 1;
      return false;
    }
    const data = dataViewOf(view.bytes);
    const flags = data.getUint8(offset + 2);
    if ((flags & 0x78) !== 0 || data.getUint16(offset + 4) !== 1) {
      counts.dnsIgnored += 1;
      return false;
    }
    const { question } = this;
    startHash(question, this.seed);
    const questionEnd = hashQuestion(question, data, offset, offset + length, this.seed);
    if (questionEnd < 0) {
      counts.dnsMalformed += 1;
      return false;
    }
    if (!makesEdge(questionType(data, questionEnd))) {
      counts.dnsIgnored += 1;
      return false;
    }
    this.nameHigh = question.high;
    this.nameLow = question.low;
    hashNumber(question, data.getUint16(offset));
    if ((flags & 0x80) !== 0) return this.response(data, view, questionEnd);
    this.query(data, view);
    return false;
  }

  /**
   * Gives the sink what was counted since the last drain. Lookups by DNS servers themselves are left out (rule 17).
   * @param onPause called now and then; messages that come during it are counted for the next drain.
   */
  drain(onPause?: () => void): void {
    const { pairs, pairAnswers } = this;
    let left = pairs.size;
    while (left > 0 && pairs.size > 0) {
      const count = Math.min(left, pairs.size, PAIRS_PER_PAUSE);
      left -= count;
      for (const answer of pairAnswers.splice(0, count)) {
        this.emit(pairs.placeOf(pairs.oldest), answer);
        pairs.dropOldest();
      }
      if (left > 0) onPause?.();
    }
  }

  private emit(place: number, answer: DnsAnswer): void {
    const { counts, sink, addresses } = this.deps;
    const { words, doubles } = this.pairs;
    const count = words[place + PAIR_COUNT] ?? 0;
    const last = doubles[(place + PAIR_LAST) >> 1] ?? 0;
    if (this.isDnsServer(words[place + PAIR_CLIENT_KEY] ?? 0, words[place + PAIR_CLIENT_KEY + 1] ?? 0, last)) counts.dnsServerOwn += count;
    else {
      const client = words[place + PAIR_CLIENT] ?? 0;
      sink.dns(addresses.textOf(client), answer, count, this.pairs.timeAt(place), last, addresses.memoOf(client));
    }
  }

  private query(data: DataView, view: PacketView): void {
    const { client, server, transactions } = this;
    addressKey(client, data, view.sourceOffset, view.family, this.seed);
    addressKey(server, data, view.destinationOffset, view.family, this.seed);
    this.transactionKey(view.sourcePort);
    const { at } = view;
    let place = transactions.find(this.key.high, this.key.low);
    if (place < 0) {
      this.makeRoom(at);
      place = transactions.add(this.key.high, this.key.low, at);
      this.begin(place, view);
    } else if (this.stateOf(place) !== WAITING && at - this.stateSince(place) > NEW_TRANSACTION_AFTER_MS) this.begin(place, view);
    this.addServer(place, serverHash(server, view.destinationPort));
  }

  /** Forgets what is too old, and the oldest transaction when the table is full, or need not grow. */
  private makeRoom(at: number): void {
    const { transactions } = this;
    while (transactions.oldestTime() < at - UNANSWERED_AFTER_MS) this.dropOldest();
    if (transactions.room > ALWAYS_KEPT) this.makeSmaller(at);
    if (transactions.size < transactions.room || !(transactions.isFull || this.isOldestDispensable(at))) return;
    if (transactions.isFull) this.early += 1;
    this.dropOldest();
  }

  /** After questions that were answered late or not at all, which made the table grow: two leave for each that comes. */
  private makeSmaller(at: number): void {
    for (let left = 2; left > 0 && this.isOldestDispensable(at); left--) this.dropOldest();
    this.transactions.shrink(ALWAYS_KEPT);
  }

  /** Fewer entries stay in the processor's caches, which are most of what a packet costs. */
  private isOldestDispensable(at: number): boolean {
    const { transactions } = this;
    if (transactions.size < ALWAYS_KEPT) return false;
    const isWaiting = this.stateOf(transactions.placeOf(transactions.oldest)) === WAITING;
    return at - transactions.oldestTime() > (isWaiting ? Math.max(ANSWERED_WITHIN_MS, this.keepMs) : this.keepMs);
  }

  private dropOldest(): void {
    const { transactions } = this;
    if (this.stateOf(transactions.placeOf(transactions.oldest)) === WAITING) this.deps.counts.dnsUnanswered += 1;
    transactions.dropOldest();
  }

  private stateOf(place: number): number {
    return (this.transactions.words[place + STATE] as number) & STATE_MASK;
  }

  /** When the transaction came to its state, to the millisecond. */
  private stateSince(place: number): number {
    return this.transactions.timeAt(place) + ((this.transactions.words[place + STATE] as number) >> STATE_BITS);
  }

  private setState(place: number, state: number, at: number): void {
    this.transactions.words[place + STATE] = ((at - this.transactions.timeAt(place)) << STATE_BITS) | state;
  }

  /** A new transaction, unless it is the masqueraded copy of one that another client just began. */
  private begin(place: number, view: PacketView): void {
    const { words } = this.transactions;
    for (let word = place + SERVERS; word < place + SERVERS + MAX_SERVERS; word++) words[word] = 0;
    const isCopy = this.isMasqueraded(place, view);
    this.setState(place, isCopy ? COPY : WAITING, view.at);
    if (isCopy) this.deps.counts.masqueraded += 1;
  }

  /** Only a node's address can have taken the place of the client's: others are merely remembered. */
  private isMasqueraded(transaction: number, view: PacketView): boolean {
    const { question, client, questions } = this;
    const clientHash = client.low ^ Math.imul(client.high, 0x9e3779b1);
    if (this.deps.nodeAddresses().has(client)) {
      const seen = questions.find(question.high, question.low);
      const isOther = seen >= 0 && questions.words[seen + CLIENT] !== clientHash;
      if (isOther && Math.abs(view.at - questions.timeAt(seen)) <= MASQUERADE_WINDOW_MS) return true;
    }
    questions.expire(view.at - 2 * MASQUERADE_WINDOW_MS);
    const place = questions.add(question.high, question.low, view.at);
    questions.words[place + CLIENT] = clientHash;
    questions.words[place + TRANSACTION] = this.transactions.entryAt(transaction);
    return false;
  }

  private response(data: DataView, view: PacketView, questionEnd: number): boolean {
    const { client, server, transactions, deps } = this;
    addressKey(client, data, view.destinationOffset, view.family, this.seed);
    addressKey(server, data, view.sourceOffset, view.family, this.seed);
    this.transactionKey(view.destinationPort);
    const from = serverHash(server, view.sourcePort);
    let place = transactions.find(this.key.high, this.key.low);
    if (place < 0 || !this.hasServer(place, from)) place = this.translatedBack(view, from);
    if (place < 0) {
      deps.counts.dnsUnmatched += 1;
      return false;
    }
    const state = this.stateOf(place);
    if (state === WAITING) return this.complete(place, data, view, questionEnd);
    // Copies of the answer come from each address the query went to: all of them belong to DNS servers.
    if (state === COPY || view.at - this.stateSince(place) < MASQUERADE_WINDOW_MS) this.markDnsServer(server, view.at);
    return false;
  }

  /**
   * Place of the transaction that this is the answer of, or -1: a bridge shows a node's own question after masquerade, with
   * its bridge's address and another port, and the answer when both were put back already (br_netfilter). Only a node's
   * address can have been replaced, and question, id and server must be those of a question that waits.
   */
  private translatedBack(view: PacketView, server: number): number {
    const { questions, question, transactions } = this;
    if (!this.deps.nodeAddresses().has(this.client)) return -1;
    const asked = questions.find(question.high, question.low);
    if (asked < 0 || view.at - questions.timeAt(asked) > ANSWERED_WITHIN_MS) return -1;
    const place = transactions.placeOf(questions.words[asked + TRANSACTION] ?? 0);
    return place >= 0 && this.stateOf(place) === WAITING && this.hasServer(place, server) ? place : -1;
  }

  private complete(place: number, data: DataView, view: PacketView, questionEnd: number): boolean {
    const { counts } = this.deps;
    const { payloadOffset: offset, at } = view;
    this.markDnsServer(this.server, at);
    this.setState(place, DONE, at);
    counts.dnsTransactions += 1;
    if ((data.getUint8(offset + 2) & 0x02) !== 0) {
      counts.dnsTruncated += 1;
      this.learnTruncated(data, view, questionEnd);
      return false;
    }
    const answerCount = data.getUint16(offset + 6);
    if ((data.getUint8(offset + 3) & 0x0f) !== 0 || answerCount === 0) {
      counts.dnsNegative += 1;
      return false;
    }
    if (!this.hashAnswer(data, view, questionEnd, answerCount)) {
      counts.dnsMalformed += 1;
      return false;
    }
    this.pairKey();
    // Most lookups repeat one of this interval: then the answer itself is not looked at.
    if (this.countAgain(at)) return false;
    const known = this.answerOf(view);
    if (known < 0) counts.dnsMalformed += 1;
    else if ((known & 1) === 0) counts.dnsNegative += 1;
    else return this.beginPair(data, view, known >> 1);
    return false;
  }

  /**
   * A truncated answer is no lookup: whoever asked comes back over TCP. Some take what it held all the same (musl before
   * 1.2.4), so their connections have this name.
   */
  private learnTruncated(data: DataView, view: PacketView, questionEnd: number): void {
    const count = data.getUint16(view.payloadOffset + 6);
    if (count === 0 || !this.hashAnswer(data, view, questionEnd, count)) return;
    const known = this.answerOf(view);
    const answer = known < 0 ? undefined : this.decoded[known >> 1];
    if (answer !== undefined) this.deps.names.learn(this.client, answer, this.answerKeys[known >> 1] ?? NO_KEYS, view.at);
  }

  /**
   * Hash of what an answer says, its question included; false when it is malformed. Of an answer that the capture cut, only
   * how many records it has: that there are some is what its header says.
   */
  private hashAnswer(data: DataView, view: PacketView, questionEnd: number, count: number): boolean {
    const { answer } = this;
    startHash(answer, this.seed ^ 0x51ed270b);
    hashNumber(answer, this.nameHigh);
    hashNumber(answer, this.nameLow);
    const { high, low } = answer;
    if (!hashAnswers(answer, data, questionEnd, view.payloadOffset + view.payloadLength, count, this.seed)) {
      if (view.isCut !== true) return false;
      answer.high = high;
      answer.low = low;
      hashNumber(answer, -count);
    }
    finishHash(answer);
    return true;
  }

  /** Word of the answer's entry, decoded once for all clients that get the same one; -1 when it is malformed. */
  private answerOf(view: PacketView): number {
    const { answer, answers } = this;
    const known = answers.find(answer.high, answer.low);
    if (known >= 0) return answers.words[known + ANSWER] ?? -1;
    const isCut = view.isCut === true;
    const decoded = this.deps.decode(view.bytes, view.payloadOffset, view.payloadLength, isCut);
    if (typeof decoded === 'string') return -1;
    // A full table gives the index of the answer that leaves.
    if (answers.isFull) this.early += 1;
    const index = answers.isFull ? (answers.words[answers.placeOf(answers.oldest) + ANSWER] ?? 0) >> 1 : answers.size;
    this.decoded[index] = this.deps.addresses.keepsMemos ? { ...decoded, memo: new Memo() } : decoded;
    this.answerKeys[index] = this.deps.names.keysOf(decoded);
    const word = index * 2 + (decoded.addresses.length > 0 || isCut ? 1 : 0);
    const place = answers.add(answer.high, answer.low, view.at);
    answers.words[place + ANSWER] = word;
    return word;
  }

  /** Key of the client and the answer. */
  private pairKey(): void {
    const { key, client, answer } = this;
    startHash(key, this.seed);
    hashNumber(key, answer.high);
    hashNumber(key, answer.low);
    hashNumber(key, client.high);
    hashNumber(key, client.low);
    finishHash(key);
  }

  /** Counts a pair that was counted before in this interval; false when it was not. */
  private countAgain(at: number): boolean {
    const { key, pairs } = this;
    const known = pairs.find(key.high, key.low);
    if (known < 0) return false;
    const { words, doubles } = pairs;
    words[known + PAIR_COUNT] = (words[known + PAIR_COUNT] ?? 0) + 1;
    if (at < pairs.timeAt(known)) doubles[(known + RING_TIME) >> 1] = at;
    if (at > (doubles[(known + PAIR_LAST) >> 1] ?? 0)) doubles[(known + PAIR_LAST) >> 1] = at;
    return true;
  }

  private beginPair(data: DataView, view: PacketView, answerIndex: number): boolean {
    const { key, client, pairs, deps } = this;
    const { at } = view;
    const answer = this.decoded[answerIndex];
    if (answer === undefined) return false;
    if (pairs.isFull) this.drain();
    const place = pairs.add(key.high, key.low, at);
    const { words, doubles } = pairs;
    words[place + PAIR_COUNT] = 1;
    doubles[(place + PAIR_LAST) >> 1] = at;
    words[place + PAIR_CLIENT] = deps.addresses.idOf(client, data, view.destinationOffset, view.family);
    words[place + PAIR_CLIENT_KEY] = client.high;
    words[place + PAIR_CLIENT_KEY + 1] = client.low;
    this.pairAnswers.push(answer);
    deps.names.learn(client, answer, this.answerKeys[answerIndex] ?? NO_KEYS, at);
    return true;
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

  private addServer(place: number, hash: number): void {
    const { words } = this.transactions;
    for (let word = place + SERVERS; word < place + SERVERS + MAX_SERVERS; word++) {
      const known = words[word];
      if (known === hash) return;
      if (known === 0) {
        words[word] = hash;
        return;
      }
    }
  }

  private hasServer(place: number, hash: number): boolean {
    const { words } = this.transactions;
    for (let word = place + SERVERS; word < place + SERVERS + MAX_SERVERS; word++) if (words[word] === hash) return true;
    return false;
  }

  private markDnsServer(server: Hash64, at: number): void {
    const { lastServer, answering } = this;
    if (this.lastServerSlot < 0 || lastServer.high !== server.high || lastServer.low !== server.low) {
      let slot = answering.find(server.high, server.low);
      if (slot < 0) slot = answering.add(server.high, server.low);
      this.lastServerSlot = slot;
      lastServer.high = server.high;
      lastServer.low = server.low;
    }
    this.answeredAt[this.lastServerSlot] = at;
  }

  private isDnsServer(high: number, low: number, at: number): boolean {
    const slot = this.answering.find(high, low);
    return slot >= 0 && at - (this.answeredAt[slot] ?? 0) <= DNS_SERVER_FOR_MS;
  }
}

/** Never 0, which stands for an empty place. */
function serverHash(server: Readonly<Hash64>, port: number): number {
  return Math.imul(server.low ^ Math.imul(server.high, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(port, 0xc2b2ae35) || 1;
}
