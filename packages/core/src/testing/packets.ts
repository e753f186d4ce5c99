import { parseAddress } from '../model/address.ts';
import type { PacketView } from '../observe/packet-view.ts';
import { TCP_SYN } from '../observe/packet-view.ts';

/** A DNS record of a test answer; `data` is an address, or a name for CNAME. */
export interface TestRecord {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME';
  readonly data: string;
  readonly ttl?: number;
}

export interface TestDns {
  readonly from: string;
  readonly to: string;
  readonly id?: number;
  readonly name: string;
  readonly type?: 'A' | 'AAAA' | 'PTR' | 'TXT';
  /** Absent: a query. */
  readonly answers?: readonly TestRecord[];
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly at: number;
}

const TYPES = { A: 1, PTR: 12, CNAME: 5, TXT: 16, AAAA: 28 } as const;

/** A packet with one DNS message. `from` and `to` are `address port`. */
export function dnsPacket(test: TestDns): PacketView {
  const isResponse = test.answers !== undefined || test.rcode !== undefined || test.truncated === true;
  const id = test.id ?? 1;
  const flags = (isResponse ? 0x8180 : 0x0100) | (test.truncated === true ? 0x0200 : 0) | (test.rcode ?? 0);
  const answers = test.answers ?? [];
  const payload = [
    ...uint16(id),
    ...uint16(flags),
    ...uint16(1),
    ...uint16(answers.length),
    ...uint16(0),
    ...uint16(0),
    ...nameBytes(test.name),
    ...uint16(TYPES[test.type ?? 'A']),
    ...uint16(1),
    ...answers.flatMap(recordBytes),
  ];
  return packet(test.from, test.to, 17, test.at, payload);
}

/** A SYN. */
export function synPacket(test: {
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly at: number;
}): PacketView {
  return { ...packet(test.from, test.to, 6, test.at, []), tcpFlags: TCP_SYN, sequence: test.sequence };
}

function packet(from: string, to: string, protocol: number, at: number, payload: readonly number[]): PacketView {
  const [source, sourcePort] = endpoint(from);
  const [destination, destinationPort] = endpoint(to);
  const header = [...source, ...destination];
  return {
    at,
    bytes: Uint8Array.from([...header, ...payload]),
    family: source.length === 4 ? 4 : 6,
    sourceOffset: 0,
    destinationOffset: source.length,
    protocol,
    sourcePort,
    destinationPort,
    tcpFlags: 0,
    sequence: 0,
    payloadOffset: header.length,
    payloadLength: payload.length,
  };
}

function endpoint(text: string): [Uint8Array, number] {
  const [address = '', port = ''] = text.split(' ');
  const bytes = parseAddress(address);
  if (bytes === undefined) throw new Error(`not an address: ${address}`);
  return [bytes, Number(port)];
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function nameBytes(name: string): number[] {
  return [...name.split('.').flatMap((label) => [label.length, ...Array.from(label, (char) => char.charCodeAt(0))]), 0];
}

function recordBytes(record: TestRecord): number[] {
  const data = record.type === 'CNAME' ? nameBytes(record.data) : [...(parseAddress(record.data) ?? [])];
  return [
    ...nameBytes(record.name),
    ...uint16(TYPES[record.type]),
    ...uint16(1),
    0,
    0,
    ...uint16(record.ttl ?? 30),
    ...uint16(data.length),
    ...data,
  ];
}
