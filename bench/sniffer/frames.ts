/**
 * The traffic mix of the benchmarks: lookups (query and answer; `many`: 50 names for each client) or connection attempts of
 * 1,000 clients, in memory that is written over and over.
 */
export type MixKind = 'dns' | 'many' | 'syn';

export function isMixKind(text: string | undefined): text is MixKind {
  return text === 'dns' || text === 'many' || text === 'syn';
}

export interface Mix {
  readonly bytes: Uint8Array;
  /** Where each frame begins, and how long it is. */
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  readonly count: number;
  /** Writes the next frames over the last ones. */
  fill(): void;
}

export interface MixOptions {
  /** Frames; a multiple of the copies, and of twice as many with lookups. */
  readonly count: number;
  /** So often each packet, one behind the other. */
  readonly copies: number;
  /** With an Ethernet header, or from the IP header on, as the ring hands it out. */
  readonly hasEthernet: boolean;
  /** MIX_SLOT_BYTES for each frame; new memory if absent. */
  readonly bytes?: Uint8Array;
}

const CLIENTS = 1_000;
const NAMES = 5_000;
export const MIX_SLOT_BYTES = 256;
const ETHERNET_BYTES = 14;

interface Template {
  readonly bytes: Uint8Array;
  readonly isIpv6: boolean;
}

export function createMix(kind: MixKind, { count, copies, hasEthernet, ...rest }: MixOptions): Mix {
  const bytes = rest.bytes ?? new Uint8Array(count * MIX_SLOT_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets = Int32Array.from({ length: count }, (_, index) => index * MIX_SLOT_BYTES);
  const lengths = new Int32Array(count);
  const isDns = kind !== 'syn';
  const lookups = Array.from({ length: NAMES }, (_, name) => lookupOf(name));
  const syn = packet(false, 6, [0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
  let sequence = 0;

  /** Writes a packet into a slot: addresses, ports and what makes it one of its kind. */
  const put = (slot: number, template: Template, fromServer: boolean, client: number, port: number, id: number): void => {
    const start = slot * MIX_SLOT_BYTES;
    if (hasEthernet) bytes.set(template.isIpv6 ? ETHERNET_IPV6 : ETHERNET_IPV4, start);
    const at = hasEthernet ? start + ETHERNET_BYTES : start;
    bytes.set(template.bytes, at);
    const source = at + (template.isIpv6 ? 8 : 12);
    const size = template.isIpv6 ? 16 : 4;
    putAddress(source, template.isIpv6, fromServer, client);
    putAddress(source + size, template.isIpv6, !fromServer, client);
    const transport = source + 2 * size;
    view.setUint16(transport, fromServer ? 53 : port);
    if (isDns) {
      view.setUint16(transport + 2, fromServer ? port : 53);
      view.setUint16(transport + 8, id);
    } else view.setUint32(transport + 4, id);
    lengths[slot] = at - start + template.bytes.length;
  };
  const putAddress = (at: number, isIpv6: boolean, isServer: boolean, client: number): void => {
    if (isIpv6) bytes.fill(0, at, at + 16);
    const last = isIpv6 ? at + 12 : at;
    if (isIpv6) bytes[at] = 0xfd;
    bytes[last] = 10;
    bytes[last + 1] = isServer ? 96 : 244;
    bytes[last + 2] = isServer ? 0 : client >> 8;
    bytes[last + 3] = isServer ? 10 : client & 255;
  };
  return {
    bytes,
    offsets,
    lengths,
    count,
    fill() {
      for (let slot = 0; slot < count; slot += isDns ? 2 * copies : copies) {
        const client = sequence % CLIENTS;
        const round = Math.floor(sequence / CLIENTS);
        // Five names for each client, 5,000 in all; `many` gives each client 50, which are 50,000 pairs.
        const name = kind === 'many' ? (client * 5 + (round % 50)) % NAMES : sequence % NAMES;
        const port = 1024 + (round % 60_000);
        const id = isDns ? round & 0xffff : Math.imul(sequence, 0x9e3779b1) >>> 0;
        sequence += 1;
        const [query, answer] = lookups[name] ?? [syn, syn];
        for (let copy = 0; copy < copies; copy++) {
          put(slot + copy, isDns ? query : syn, false, client, port, id);
          if (isDns) put(slot + copies + copy, answer, true, client, port, id);
        }
      }
    },
  };
}

const MAC_ADDRESSES = [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8];
const ETHERNET_IPV4 = Uint8Array.from([...MAC_ADDRESSES, 0x08, 0x00]);
const ETHERNET_IPV6 = Uint8Array.from([...MAC_ADDRESSES, 0x86, 0xdd]);
const label = (text: string): number[] => [text.length, ...Buffer.from(text)];

/** Query and answer of a name: every fifth over IPv6, every fifth with a CNAME. */
function lookupOf(name: number): readonly [Template, Template] {
  const isIpv6 = name % 5 === 0;
  const hasCname = name % 5 === 1;
  const question = [...label(`service-${name}`), ...label('shop'), ...label('example'), 0, 0, 1, 0, 1];
  const address = [0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 198, 51, name >> 8, name & 255];
  const target = label(`edge-${name}`);
  const cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, target.length + 1, ...target, 0];
  const owner = 12 + question.length + 12;
  const answers = hasCname ? [...cname, 0xc0 | (owner >> 8), owner & 255, ...address] : [0xc0, 12, ...address];
  const message = (flags: number, count: number, rest: readonly number[]): number[] =>
    [0, 0, flags >> 8, flags & 255, 0, 1, 0, count, 0, 0, 0, 0].concat(question, rest);
  return [packet(isIpv6, 17, udp(message(0x0100, 0, []))), packet(isIpv6, 17, udp(message(0x8180, hasCname ? 2 : 1, answers)))];
}

function udp(message: readonly number[]): number[] {
  const length = message.length + 8;
  return [0, 0, 0, 0, length >> 8, length & 255, 0, 0, ...message];
}

/** From the IP header on. */
function packet(isIpv6: boolean, protocol: number, body: readonly number[]): Template {
  const total = body.length + 20;
  const zeros = (length: number): number[] => Array.from({ length }, () => 0);
  const ip = isIpv6
    ? [0x60, 0, 0, 0, body.length >> 8, body.length & 255, protocol, 64, ...zeros(32)]
    : [0x45, 0, total >> 8, total & 255, 0, 0, 0x40, 0, 64, protocol, 0, 0, ...zeros(8)];
  return { bytes: Uint8Array.from([...ip, ...body]), isIpv6 };
}
