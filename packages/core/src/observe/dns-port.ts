import type { Memo } from '../model/memo.ts';

/** What the observer needs to know of a DNS answer. The package wire decodes it; core declares only the shape. */
export interface DnsAnswer {
  /** Name asked for: lower case, RFC 1035 5.1 escapes for unusual bytes, no final dot. */
  readonly name: string;
  /** Question type (1 A, 28 AAAA, 65 HTTPS, …) and class. */
  readonly type: number;
  readonly rcode: number;
  readonly truncated: boolean;
  /** Names of the CNAME/ALIAS chain that starts at `name`, in order, without `name` itself. Loop-safe, bounded. */
  readonly chain: readonly string[];
  /** Addresses at the end of the chain (A, AAAA, HTTPS/SVCB hints), canonical text, in the order of the answer. */
  readonly addresses: readonly string[];
  /** Smallest TTL of chain and addresses, seconds. */
  readonly ttlSeconds: number;
  /** The observer's, where it was asked for. */
  readonly memo?: Memo | undefined;
}

/**
 * Decodes a DNS response message at `bytes[offset … offset+length)`; a reason (string) when it is malformed.
 * @param isCut the message goes on where the bytes end: what it had so far is still true
 */
export type DecodeDnsAnswer = (bytes: Uint8Array, offset: number, length: number, isCut?: boolean) => DnsAnswer | string;
