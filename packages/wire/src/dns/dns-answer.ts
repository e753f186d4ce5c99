import { formatAddress } from '../address.ts';
import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import {
  CLASS_IN,
  DNS_HEADER_LENGTH,
  SVC_PARAM_IPV4_HINT,
  SVC_PARAM_IPV6_HINT,
  TYPE_A,
  TYPE_AAAA,
  TYPE_ANY,
  TYPE_CNAME,
  TYPE_HTTPS,
  TYPE_OPT,
  TYPE_SVCB,
} from './constants.ts';
import type { DnsReason } from './constants.ts';
import { DnsNameReader, equalDnsNames, hashDnsName, skipDnsName } from './dns-name.ts';

/** What an answer says about the name asked for. Same shape as core's DnsAnswer, which wire may not import. */
export interface DnsAnswer {
  /** Name asked for: lower case, RFC 1035 5.1 escapes for unusual bytes, no final dot ('' is the root). */
  readonly name: string;
  /** Question type (1 A, 28 AAAA, 65 HTTPS, …). */
  readonly type: number;
  /** With the upper bits of EDNS where the answer is empty. */
  readonly rcode: number;
  readonly truncated: boolean;
  /** Names of the CNAME/ALIAS chain that starts at `name`, in order, without `name` itself. */
  readonly chain: readonly string[];
  /** Addresses at the end of the chain (A, AAAA, HTTPS/SVCB hints), canonical text, in the order of the answer. */
  readonly addresses: readonly string[];
  /** Smallest TTL of chain and addresses, seconds; 0 without any. */
  readonly ttlSeconds: number;
}

/** Longer chains than this are not followed to their end and give no addresses. Resolvers stop at 8 to 16. */
export const MAX_CHAIN_LENGTH = 16;
/** A record takes at least 11 octets: no message of 65,535 has more. */
const MAX_RECORDS = 5958;
const MIN_RECORD_LENGTH = 11;
/** Addresses of so few records are checked for repetition (several HTTPS records give the same hints). */
const MAX_CHECKED_ADDRESSES = 64;

const NO_TEXTS: readonly string[] = [];
/** RFC 2181 8: a TTL with the top bit set counts as 0. */
const MAX_TTL = 0x7fffffff;

/** What was kept of one message's answers. One object for all messages: decoding is synchronous. */
const records = {
  count: 0,
  questionHash: 0,
  types: new Uint16Array(MAX_RECORDS),
  hashes: new Int32Array(MAX_RECORDS),
  owners: new Int32Array(MAX_RECORDS),
  data: new Int32Array(MAX_RECORDS),
  lengths: new Uint16Array(MAX_RECORDS),
  ttls: new Int32Array(MAX_RECORDS),
};
const names = new DnsNameReader();

/**
 * Decodes the response at `bytes[offset … offset+length)` and follows its CNAME chain from the question to the
 * addresses at its end, whatever the order of the records. What follows the message is ignored.
 * @param isCut the message goes on where the bytes end: what it had so far is still true
 */
export function decodeDnsAnswer(bytes: Uint8Array, offset: number, length: number, isCut = false): DnsAnswer | DnsReason {
  const limit = Math.min(offset + length, bytes.length);
  if (offset < 0 || offset + DNS_HEADER_LENGTH > limit) return 'too-short';
  const flags = readUint16(bytes, offset + 2);
  if ((flags & 0x8000) === 0) return 'not-a-response';
  if ((flags & 0x7800) !== 0) return 'opcode';
  if (readUint16(bytes, offset + 4) !== 1) return 'question-count';
  const question = offset + DNS_HEADER_LENGTH;
  const name = names.read(bytes, offset, limit, question);
  if (name === undefined) return 'bad-name';
  records.questionHash = names.hash;
  const questionEnd = names.end + 4;
  if (questionEnd > limit) return 'too-short';
  const type = readUint16(bytes, names.end);
  const truncated = (flags & 0x0200) !== 0;
  const answerCount = readUint16(bytes, offset + 6);
  let rcode = flags & 0x000f;
  if (answerCount === 0) {
    if (rcode === 0) rcode = extendedRcode(bytes, offset, limit, questionEnd);
    return { name, type, rcode, truncated, chain: NO_TEXTS, addresses: NO_TEXTS, ttlSeconds: 0 };
  }
  const problem = collectRecords(bytes, offset, limit, questionEnd, answerCount, type);
  // A truncated answer may end anywhere; what it had so far is still true.
  if (problem !== undefined && !truncated && !isCut) return problem;
  return followChain(bytes, offset, limit, { name, type, rcode, truncated });
}

/** Keeps the answers that can matter for a question of `type`: those that lead on, and those with addresses. */
function collectRecords(bytes: Uint8Array, start: number, limit: number, from: number, count: number, type: number): DnsReason | undefined {
  records.count = 0;
  const questionClass = readUint16(bytes, from - 2);
  let at = from;
  for (let index = 0; index < count; index += 1) {
    const owner = at;
    const ownerEnd = skipDnsName(bytes, limit, at);
    if (ownerEnd < 0) return 'bad-name';
    const data = ownerEnd + 10;
    if (data > limit) return 'bad-record';
    const dataLength = readUint16(bytes, ownerEnd + 8);
    at = data + dataLength;
    if (at > limit) return 'bad-record';
    const recordType = readUint16(bytes, ownerEnd);
    if (!isWanted(recordType, type) || questionClass !== CLASS_IN || readUint16(bytes, ownerEnd + 2) !== CLASS_IN) continue;
    if (!fitsType(recordType, dataLength)) return 'bad-record';
    if (records.count === MAX_RECORDS) return 'bad-record';
    const isQuestionPointer = readUint16(bytes, owner) === (0xc000 | DNS_HEADER_LENGTH);
    const hash = isQuestionPointer ? records.questionHash : hashDnsName(bytes, start, limit, owner);
    if (hash < 0) return 'bad-name';
    const ttl = readUint32(bytes, ownerEnd + 4);
    const slot = records.count;
    records.types[slot] = recordType;
    records.hashes[slot] = hash;
    records.owners[slot] = owner;
    records.data[slot] = data;
    records.lengths[slot] = dataLength;
    records.ttls[slot] = ttl > MAX_TTL ? 0 : ttl;
    records.count = slot + 1;
  }
  return undefined;
}

function isWanted(recordType: number, questionType: number): boolean {
  switch (recordType) {
    case TYPE_CNAME:
      return questionType !== TYPE_CNAME;
    case TYPE_A:
    case TYPE_AAAA:
      return questionType === recordType || questionType === TYPE_ANY;
    case TYPE_HTTPS:
    case TYPE_SVCB:
      return questionType === recordType;
    default:
      return false;
  }
}

function fitsType(recordType: number, dataLength: number): boolean {
  if (recordType === TYPE_A) return dataLength === 4;
  return recordType === TYPE_AAAA ? dataLength === 16 : dataLength > 0;
}

function followChain(
  bytes: Uint8Array,
  start: number,
  limit: number,
  answer: Pick<DnsAnswer, 'name' | 'type' | 'rcode' | 'truncated'>,
): DnsAnswer | DnsReason {
  let chain: string[] | undefined;
  let current = start + DNS_HEADER_LENGTH;
  let hash = records.questionHash;
  let ttlSeconds = MAX_TTL;
  for (let link = findLink(bytes, start, current, hash); link >= 0; link = findLink(bytes, start, current, hash)) {
    const isCname = records.types[link] === TYPE_CNAME;
    const data = (records.data[link] as number) + (isCname ? 0 : 2);
    const target = names.read(bytes, start, limit, data);
    const dataEnd = (records.data[link] as number) + (records.lengths[link] as number);
    if (target === undefined) return 'bad-name';
    if (isCname ? names.end !== dataEnd : names.end > dataEnd) return 'bad-record';
    ttlSeconds = Math.min(ttlSeconds, records.ttls[link] as number);
    chain ??= [];
    if (chain.length === MAX_CHAIN_LENGTH) return { ...answer, chain, addresses: NO_TEXTS, ttlSeconds };
    chain.push(target);
    // A record leads on once: a loop ends where it began.
    records.types[link] = 0;
    current = data;
    hash = names.hash;
  }
  const addresses: string[] = [];
  for (let index = 0; index < records.count; index += 1) {
    if (records.hashes[index] !== hash || !isAddressType(records.types[index] as number)) continue;
    if (!equalDnsNames(bytes, start, records.owners[index] as number, current)) continue;
    if (!addAddresses(bytes, limit, index, addresses)) return 'bad-record';
    ttlSeconds = Math.min(ttlSeconds, records.ttls[index] as number);
  }
  const { name, type, rcode, truncated } = answer;
  const hasTtl = chain !== undefined || addresses.length > 0;
  return { name, type, rcode, truncated, chain: chain ?? NO_TEXTS, addresses, ttlSeconds: hasTtl ? ttlSeconds : 0 };
}

function isAddressType(type: number): boolean {
  return type === TYPE_A || type === TYPE_AAAA || type === TYPE_HTTPS || type === TYPE_SVCB;
}

/** Slot of the CNAME, or HTTPS/SVCB record in AliasMode (RFC 9460 2.4.2), that leads on from the name; -1 for none. */
function findLink(bytes: Uint8Array, start: number, name: number, hash: number): number {
  for (let index = 0; index < records.count; index += 1) {
    if (records.hashes[index] !== hash) continue;
    const type = records.types[index];
    if (type !== TYPE_CNAME && !((type === TYPE_HTTPS || type === TYPE_SVCB) && isAlias(bytes, index))) continue;
    if (equalDnsNames(bytes, start, records.owners[index] as number, name)) return index;
  }
  return -1;
}

/** Priority 0 and a target; the root as target says that the service does not exist (RFC 9460 2.5.1). */
function isAlias(bytes: Uint8Array, index: number): boolean {
  const data = records.data[index] as number;
  return (records.lengths[index] as number) > 3 && readUint16(bytes, data) === 0 && readUint8(bytes, data + 2) !== 0;
}

function addAddresses(bytes: Uint8Array, limit: number, index: number, addresses: string[]): boolean {
  const data = records.data[index] as number;
  const length = records.lengths[index] as number;
  const type = records.types[index];
  if (type !== TYPE_A && type !== TYPE_AAAA) return addHints(bytes, limit, data, data + length, addresses);
  addAddress(addresses, formatAddress(bytes, data, type === TYPE_A ? 4 : 16));
  return true;
}

/** Hints of an HTTPS/SVCB record in ServiceMode (RFC 9460 7.3). False when its parameters do not fit. */
function addHints(bytes: Uint8Array, limit: number, data: number, dataEnd: number, addresses: string[]): boolean {
  const targetEnd = data + 2 < dataEnd ? skipDnsName(bytes, limit, data + 2) : -1;
  if (targetEnd < 0) return false;
  let at = targetEnd;
  while (at + 4 <= dataEnd) {
    const key = readUint16(bytes, at);
    const valueEnd = at + 4 + readUint16(bytes, at + 2);
    if (valueEnd > dataEnd) return false;
    const size = key === SVC_PARAM_IPV4_HINT ? 4 : key === SVC_PARAM_IPV6_HINT ? 16 : 0;
    if (size !== 0) {
      if ((valueEnd - at - 4) % size !== 0) return false;
      for (let hint = at + 4; hint < valueEnd; hint += size) addAddress(addresses, formatAddress(bytes, hint, size));
    }
    at = valueEnd;
  }
  return at === dataEnd;
}

function addAddress(addresses: string[], address: string): void {
  if (addresses.length > 0 && addresses.length <= MAX_CHECKED_ADDRESSES && addresses.includes(address)) return;
  addresses.push(address);
}

/** The whole RCODE (RFC 6891 6.1.3) of a message without answers: BADVERS would else look like NOERROR. */
function extendedRcode(bytes: Uint8Array, start: number, limit: number, from: number): number {
  const authorities = readUint16(bytes, start + 8);
  const total = authorities + readUint16(bytes, start + 10);
  let at = from;
  for (let index = 0; index < total && at + MIN_RECORD_LENGTH <= limit; index += 1) {
    const ownerEnd = skipDnsName(bytes, limit, at);
    if (ownerEnd < 0 || ownerEnd + 10 > limit) return 0;
    if (index >= authorities && readUint16(bytes, ownerEnd) === TYPE_OPT) return readUint8(bytes, ownerEnd + 4) << 4;
    at = ownerEnd + 10 + readUint16(bytes, ownerEnd + 8);
  }
  return 0;
}
