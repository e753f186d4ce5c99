import { parseAddress } from '../address.ts';
import { bytesOf, uint16, uint32 } from './bytes.ts';

/** Builders of frames for tests and benchmarks. Checksums are left 0, as captures on a sending node have them. */

export interface IpOptions {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** IPv4 options, or IPv6 extension headers whose first has the number `protocol`. */
  readonly options?: Uint8Array;
  /** IPv4: the flags and fragment offset field. */
  readonly fragment?: number;
  /** Instead of the true length. */
  readonly length?: number;
}

/** IPv4 or IPv6, as the addresses say. */
export function ip(options: IpOptions): Uint8Array {
  const source = addressBytes(options.source);
  const destination = addressBytes(options.destination);
  const extra = options.options ?? new Uint8Array(0);
  if (source.length === 4) {
    const length = options.length ?? 20 + extra.length + options.payload.length;
    const head = [0x45 + extra.length / 4, 0, ...uint16(length), 0, 1, ...uint16(options.fragment ?? 0x4000), 64, options.protocol, 0, 0];
    return bytesOf(head, source, destination, extra, options.payload);
  }
  const length = options.length ?? extra.length + options.payload.length;
  return bytesOf([0x60, 0, 0, 0], uint16(length), [options.protocol, 64], source, destination, extra, options.payload);
}

export function udp(sourcePort: number, destinationPort: number, payload: Uint8Array, length = payload.length + 8): Uint8Array {
  return bytesOf(uint16(sourcePort), uint16(destinationPort), uint16(length), [0, 0], payload);
}

export interface TcpOptions {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence?: number;
  readonly flags?: number;
  /** Header options; the length must be a multiple of 4. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export function tcp(options: TcpOptions): Uint8Array {
  const extra = options.options ?? new Uint8Array(0);
  return bytesOf(
    uint16(options.sourcePort),
    uint16(options.destinationPort),
    uint32(options.sequence ?? 1),
    uint32(0),
    [((20 + extra.length) / 4) << 4, options.flags ?? 0x10, 0xff, 0xff, 0, 0, 0, 0],
    extra,
    options.payload ?? new Uint8Array(0),
  );
}

/** `tags`: EtherTypes of VLAN tags, outermost first. */
export function ethernet(etherType: number, payload: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const types = [...tags, etherType];
  const tagBytes = types.slice(1).flatMap((next) => [0, 7, ...uint16(next)]);
  return bytesOf('02 00 00 00 00 02 02 00 00 00 00 01', uint16(types[0] ?? 0), tagBytes, payload);
}

export function linuxSll(etherType: number, payload: Uint8Array): Uint8Array {
  return bytesOf('00 03 00 01 00 06 02 00 00 00 00 01 00 00', uint16(etherType), payload);
}

export function linuxSll2(etherType: number, payload: Uint8Array): Uint8Array {
  return bytesOf(uint16(etherType), '00 00 00 00 00 05 00 01 03 06 02 00 00 00 00 01 00 00', payload);
}

export function vxlan(payload: Uint8Array): Uint8Array {
  return bytesOf('08 00 00 00 00 00 2a 00', payload);
}

export function geneve(etherType: number, payload: Uint8Array, options: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesOf([options.length / 4, 0], uint16(etherType), '00 00 2a 00', options, payload);
}

/** `extra`: checksum, key and sequence number as the flags announce them. */
export function gre(flags: number, protocol: number, payload: Uint8Array, extra: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesOf(uint16(flags), uint16(protocol), extra, payload);
}

export function etherTypeOf(packet: Uint8Array): number {
  return (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`not an address: ${text}`);
  return bytes;
}
