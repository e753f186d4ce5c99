import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import { DNS_HEADER_LENGTH, TYPE_OPT } from './constants.ts';
import type { DnsReason } from './constants.ts';
import { DnsNameReader } from './dns-name.ts';
import { decodeRecordData } from './dns-record-data.ts';
import type { DnsRecordData } from './dns-record-data.ts';

/** A whole DNS message (RFC 1035 4). Names are lower case, escaped, without final dot; '' is the root. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  /** TC: more than fitted the transport. What is here may end early. */
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** AD and CD, RFC 4035 3. */
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** With the upper bits that EDNS adds (RFC 6891 6.1.3). */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  /** For OPT, which has other uses for these two fields, see its data. */
  readonly class: number;
  readonly ttlSeconds: number;
  readonly data: DnsRecordData;
}

const names = new DnsNameReader();

/** Decodes the message at `bytes[offset … offset+length)`; a reason when it is malformed. Bytes behind it are ignored. */
export function decodeDnsMessage(bytes: Uint8Array, offset: number, length: number): DnsMessage | DnsReason {
  const limit = Math.min(offset + length, bytes.length);
  if (offset < 0 || offset + DNS_HEADER_LENGTH > limit) return 'too-short';
  const flags = readUint16(bytes, offset + 2);
  const truncated = (flags & 0x0200) !== 0;
  const questions: DnsQuestion[] = [];
  const sections: readonly DnsRecord[][] = [[], [], []];
  const reason = readSections(bytes, offset, limit, questions, sections);
  if (reason !== undefined && !truncated) return reason;
  const [answers = [], authorities = [], additionals = []] = sections;
  const extended = additionals.find((record) => record.type === TYPE_OPT)?.data;
  return {
    id: readUint16(bytes, offset),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0x0f,
    authoritative: (flags & 0x0400) !== 0,
    truncated,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: ((extended?.kind === 'OPT' ? extended.extendedRcode : 0) << 4) | (flags & 0x0f),
    questions,
    answers,
    authorities,
    additionals,
  };
}

function readSections(
  bytes: Uint8Array,
  start: number,
  limit: number,
  questions: DnsQuestion[],
  sections: readonly DnsRecord[][],
): DnsReason | undefined {
  let at = start + DNS_HEADER_LENGTH;
  const questionCount = readUint16(bytes, start + 4);
  for (let index = 0; index < questionCount; index += 1) {
    const name = names.read(bytes, start, limit, at);
    if (name === undefined) return 'bad-name';
    if (names.end + 4 > limit) return 'too-short';
    questions.push({ name, type: readUint16(bytes, names.end), class: readUint16(bytes, names.end + 2) });
    at = names.end + 4;
  }
  for (const [section, records] of sections.entries()) {
    const count = readUint16(bytes, start + 6 + section * 2);
    for (let index = 0; index < count; index += 1) {
      const name = names.read(bytes, start, limit, at);
      if (name === undefined) return 'bad-name';
      const fields = names.end;
      const data = fields + 10;
      if (data > limit) return 'bad-record';
      const dataEnd = data + readUint16(bytes, fields + 8);
      if (dataEnd > limit) return 'bad-record';
      const type = readUint16(bytes, fields);
      const value = decodeRecordData(bytes, start, fields, dataEnd);
      if (value === undefined) return 'bad-record';
      records.push({ name, type, class: readUint16(bytes, fields + 2), ttlSeconds: readTtl(bytes, fields + 4), data: value });
      at = dataEnd;
    }
  }
  return undefined;
}

/** RFC 2181 8: a TTL with the top bit set counts as 0. */
function readTtl(bytes: Uint8Array, at: number): number {
  return readUint8(bytes, at) > 0x7f ? 0 : readUint32(bytes, at);
}
