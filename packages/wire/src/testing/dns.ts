import { parseAddress } from '../address.ts';
import { bytesOf, uint16, uint32 } from './bytes.ts';

/** Builders of DNS messages, for tests and benchmarks that want to choose every byte. */

/** Labels in wire form, no compression. The text is plain: no escapes. */
export function dnsName(text: string): Uint8Array {
  const labels = text === '' ? [] : text.split('.');
  return bytesOf(...labels.map((label) => [label.length, ...Array.from(label, (character) => character.charCodeAt(0))]), [0]);
}

export function pointer(offset: number): readonly number[] {
  return uint16(0xc000 | offset);
}

export interface RecordSpec {
  /** Name, or its bytes (a pointer, say). */
  readonly owner: string | readonly number[];
  readonly type: number;
  readonly class?: number;
  readonly ttlSeconds?: number;
  readonly data: Uint8Array | readonly number[];
}

export function dnsRecord(spec: RecordSpec): Uint8Array {
  const owner = typeof spec.owner === 'string' ? dnsName(spec.owner) : spec.owner;
  const fixed = [...uint16(spec.type), ...uint16(spec.class ?? 1), ...uint32(spec.ttlSeconds ?? 30), ...uint16(spec.data.length)];
  return bytesOf(owner, fixed, spec.data);
}

export function aRecord(owner: RecordSpec['owner'], address: string, ttlSeconds = 30): Uint8Array {
  const data = parseAddress(address) ?? new Uint8Array(0);
  return dnsRecord({ owner, type: data.length === 4 ? 1 : 28, ttlSeconds, data });
}

export function cnameRecord(owner: RecordSpec['owner'], target: string, ttlSeconds = 30): Uint8Array {
  return dnsRecord({ owner, type: 5, ttlSeconds, data: dnsName(target) });
}

export interface MessageSpec {
  readonly id?: number;
  readonly flags?: number;
  readonly question?: string;
  readonly type?: number;
  readonly answers?: readonly Uint8Array[];
  readonly authorities?: readonly Uint8Array[];
  readonly additionals?: readonly Uint8Array[];
}

export const QUERY_FLAGS = 0x0100;
export const ANSWER_FLAGS = 0x8180;

export function dnsMessage(spec: MessageSpec): Uint8Array {
  const { answers = [], authorities = [], additionals = [] } = spec;
  const flags = spec.flags ?? (answers.length > 0 ? ANSWER_FLAGS : QUERY_FLAGS);
  const counts = [1, answers.length, authorities.length, additionals.length].flatMap(uint16);
  const question = bytesOf(dnsName(spec.question ?? 'cart.shop.svc.cluster.local'), uint16(spec.type ?? 1), [0, 1]);
  return bytesOf(uint16(spec.id ?? 0x1234), uint16(flags), counts, question, ...answers, ...authorities, ...additionals);
}
