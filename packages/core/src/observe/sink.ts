import type { Memo } from '../model/memo.ts';
import type { DnsAnswer } from './dns-port.ts';

/**
 * Where the observer drains to: aggregated counts per interval, as plain values, because a busy node drains tens of
 * thousands a second. Addresses are canonical text, instants milliseconds since the Unix epoch.
 */
export interface ObservationSink {
  /** Completed lookups of one client with one and the same answer. */
  dns(client: string, answer: DnsAnswer, count: number, firstSeenAt: number, lastSeenAt: number, clientMemo: Memo | undefined): void;
  /** Connection attempts of one client to one destination. */
  tcp(flow: TcpFlow, count: number, firstSeenAt: number, lastSeenAt: number): void;
}

export interface TcpFlow {
  readonly client: string;
  readonly destination: string;
  readonly port: number;
  /** Where the client sent it, when another copy of the same attempt went somewhere else (DNAT). */
  readonly askedAddress?: string;
  readonly askedPort?: number;
  /** Newest lookup by which this client was given the address it asked for (rule 14). */
  readonly answer?: DnsAnswer;
  readonly clientMemo?: Memo;
  readonly destinationMemo?: Memo;
}

/** What the observer saw and could not use; every key is a metric and a line in docs/limits.md. */
export interface ObserverCounts {
  dnsMessages: number;
  /** Completed transactions, negative answers included. */
  dnsTransactions: number;
  /** Answers to a question that was not seen, or from a server that was not asked (rule 1). */
  dnsUnmatched: number;
  dnsMalformed: number;
  /** Messages that cannot make an edge: other opcodes, several questions, other types. */
  dnsIgnored: number;
  dnsNegative: number;
  dnsTruncated: number;
  /** A DNS server's own upstream questions (rule 17). */
  dnsServerOwn: number;
  /** Copies of another client's transaction after masquerade (rules 17, 18). */
  masqueraded: number;
  /** Questions that went unanswered until they were forgotten. */
  dnsUnanswered: number;
  tcpAttempts: number;
  /** Entries forgotten early because a table was full, or would have recognised no more if it had grown. */
  evictions: number;
}

/* Bits of what a SYN was: an attempt not seen before, from a node's own address, of a sender that had sent none in this minute. */
export const ATTEMPT = 1;
export const ATTEMPT_FROM_NODE = 2;
export const ATTEMPT_OF_NEW_SENDER = 4;
