/** The question of a DNS query (RFC 1035, 4.1), as far as it decides what to do. */
export interface DnsQuestion {
  readonly id: number;
  /** Lower case, no final dot. */
  readonly name: string;
  readonly type: number;
  /** Where the question section ends. */
  readonly end: number;
  readonly isEdns: boolean;
  /** Longest answer that the client takes over UDP (RFC 6891); 512 without EDNS. */
  readonly udpSize: number;
}

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
const TYPE_OPT = 41;
const HEADER_BYTES = 12;

/** Decodes a standard query with one question; undefined for anything else. Never throws. */
export function decodeQuestion(message: Uint8Array): DnsQuestion | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < HEADER_BYTES + 5) return undefined;
  const flags = view.getUint16(2);
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) {
    if (length > 63 || at + 1 + length >= message.length || labels.length > 127) return undefined;
    labels.push(Buffer.from(message.buffer, message.byteOffset + at + 1, length).toString('latin1'));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > message.length || view.getUint16(at + 3) !== 1) return undefined;
  let isEdns = false;
  let udpSize = 512;
  // An OPT record stands alone after the question in queries of resolvers: root name, type 41, class = size.
  if (
    view.getUint16(6) === 0 &&
    view.getUint16(8) === 0 &&
    view.getUint16(10) > 0 &&
    end + 11 <= message.length &&
    message[end] === 0 &&
    view.getUint16(end + 1) === TYPE_OPT
  ) {
    isEdns = true;
    udpSize = Math.max(512, view.getUint16(end + 3));
  }
  return { id: view.getUint16(0), name: labels.join('.').toLowerCase(), type: view.getUint16(at + 1), end, isEdns, udpSize };
}

/** An answer with one address, or without any for other types (NODATA), for a name that we answer for. */
export function encodeAnswer(query: Uint8Array, question: DnsQuestion, address: Uint8Array | undefined, ttl: number): Uint8Array {
  const edns = question.isEdns ? 11 : 0;
  const answer = Buffer.alloc(question.end + (address === undefined ? 0 : 12 + address.length) + edns);
  answer.set(query.subarray(0, question.end));
  // A response, authoritative, recursion as desired and available.
  answer.writeUInt16BE(0x8480 | (answer.readUInt16BE(2) & 0x0100), 2);
  answer.writeUInt16BE(address === undefined ? 0 : 1, 6);
  answer.writeUInt16BE(0, 8);
  answer.writeUInt16BE(question.isEdns ? 1 : 0, 10);
  let at = question.end;
  if (address !== undefined) {
    answer.writeUInt16BE(0xc00c, at);
    answer.writeUInt16BE(question.type, at + 2);
    answer.writeUInt16BE(1, at + 4);
    answer.writeUInt32BE(ttl, at + 6);
    answer.writeUInt16BE(address.length, at + 10);
    answer.set(address, at + 12);
    at += 12 + address.length;
  }
  if (question.isEdns) {
    answer.writeUInt16BE(TYPE_OPT, at + 1);
    answer.writeUInt16BE(1232, at + 3);
  }
  return answer;
}
