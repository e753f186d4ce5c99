import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createCaptureDecoder,
  createDnsStreams,
  createFrameDecoder,
  decodeDnsAnswer,
  decodeDnsMessage,
  encodePcapNgInterface,
  encodePcapNgPacket,
  encodePcapNgSection,
} from '@nm/wire';
import type { PacketView } from '@nm/wire';
import {
  aRecord,
  bytesOf,
  cnameRecord,
  dnsMessage,
  dnsName,
  dnsRecord,
  ethernet,
  etherTypeOf,
  geneve,
  gre,
  ip,
  linuxSll,
  linuxSll2,
  pcap,
  pointer,
  tcp,
  udp,
  uint16,
  vxlan,
} from '@nm/wire/testing';

/**
 * Hostile input: mutated packets through every decoder. `node bench/fuzz-wire.ts [HOW MANY] [SEED]`, default 1,000,000.
 * Prints what came out; ends with status 1 on an exception, a read outside the frame, or memory that grows.
 */
const count = Number(process.argv[2] ?? 1_000_000);
let state = Number(process.argv[3] ?? 1) >>> 0;
/** What is in use after a collection may grow by this after the first tenth, which fills the bounded tables. */
const MAX_GROWTH_MIB = 4;
const ARENA_BYTES = 4096;
const FRAME_OFFSET = 1024;
const LINK_TYPES = [0, 1, 9, 12, 101, 105, 108, 113, 228, 229, 276];

interface Seed {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

const seeds = framesToMutate();
const captures = [pcapNg(), pcap({ packets: seeds.map(({ bytes }, index) => ({ seconds: index, fraction: index, bytes })) })];
const decoder = createFrameDecoder();
const streams = createDnsStreams({ maxStreams: 512, maxBytes: 1_048_576 });
const arena = new Uint8Array(ARENA_BYTES);
const results: Record<string, number> = {
  packets: 0,
  messages: 0,
  'messages refused': 0,
  answers: 0,
  'answers refused': 0,
  'over TCP': 0,
  records: 0,
  'captures ended early': 0,
};
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const memory: number[] = [];
const startedAt = performance.now();

for (let index = 0; index < count; index += 1) {
  try {
    fuzzFrame(index);
    if (index % 500 === 0) fuzzCapture();
  } catch (error) {
    console.error(`packet ${index}:`, error);
    process.exit(1);
  }
  if (index % Math.ceil(count / 50) === 0) memory.push(usedMiB());
}

const seconds = (performance.now() - startedAt) / 1000;
const warm = Math.max(...memory.slice(0, Math.ceil(memory.length / 10)));
const later = Math.max(...memory.slice(-Math.ceil(memory.length / 2)));
console.log(
  `${count.toLocaleString('en')} mutated packets in ${seconds.toFixed(1)} s, ${Math.round(count / seconds).toLocaleString('en')}/s`,
);
console.log('results', results);
console.log('frames without a packet', decoder.counts);
console.log('streams', streams.counts, `${streams.size} remembered, ${streams.bytes} bytes`);
const peak = process.resourceUsage().maxRSS / 1024;
console.log(
  `in use ${warm.toFixed(1)} MiB in the first tenth, at most ${later.toFixed(1)} MiB in the second half; peak RSS ${peak.toFixed(0)} MiB`,
);
if (later - warm > MAX_GROWTH_MIB) {
  console.error(`memory grew by ${(later - warm).toFixed(1)} MiB`);
  process.exit(1);
}

function fuzzFrame(index: number): void {
  const seed = seeds[random(seeds.length)] as Seed;
  const frame = mutate(seed.bytes);
  const linkType = random(16) === 0 ? (LINK_TYPES[random(LINK_TYPES.length)] as number) : seed.linkType;
  arena.fill(random(256), FRAME_OFFSET - 64, FRAME_OFFSET + frame.length + 512);
  arena.set(frame, FRAME_OFFSET);
  if (!decoder.decode(arena, FRAME_OFFSET, frame.length, linkType, index / 10)) return;
  add('packets');
  const { view } = decoder;
  checkInside(view, frame.length);
  if (view.protocol === 6) streams.push(view, takeMessage);
  else decodeBoth(view);
}

function takeMessage(view: PacketView): void {
  add('over TCP');
  decodeBoth(view);
}

function decodeBoth({ bytes, payloadOffset, payloadLength }: PacketView): void {
  const message = decodeDnsMessage(bytes, payloadOffset, payloadLength);
  add(typeof message === 'string' ? 'messages refused' : 'messages');
  const answer = decodeDnsAnswer(bytes, payloadOffset, payloadLength);
  add(typeof answer === 'string' ? 'answers refused' : 'answers');
}

function fuzzCapture(): void {
  const file = mutate(captures[random(captures.length)] as Uint8Array);
  const capture = createCaptureDecoder();
  const chunkLength = 1 + random(900);
  for (let from = 0; from < file.length; from += chunkLength) {
    capture.push(file.subarray(from, from + chunkLength));
    while (capture.next()) {
      const { bytes, offset, capturedLength, linkType, at } = capture.record;
      if (offset + capturedLength > bytes.length) throw new Error('a record outside its buffer');
      decoder.decode(bytes, offset, capturedLength, linkType, at);
      add('records');
    }
  }
  capture.end();
  if (capture.problem !== undefined) add('captures ended early');
}

function checkInside({ sourceOffset, destinationOffset, payloadOffset, payloadLength, family }: PacketView, length: number): void {
  const size = family === 4 ? 4 : 16;
  const first = Math.min(sourceOffset, destinationOffset, payloadOffset);
  const end = Math.max(sourceOffset + size, destinationOffset + size, payloadOffset + payloadLength);
  if (payloadLength < 0 || first < FRAME_OFFSET || end > FRAME_OFFSET + length) throw new Error('a view outside its frame');
}

/** Bytes changed, flipped, set to limits, cut out, doubled; the end cut off. */
function mutate(seed: Uint8Array): Uint8Array {
  let bytes = seed.slice();
  for (let changes = random(6); changes > 0; changes -= 1) {
    const at = random(bytes.length);
    const kind = random(8);
    if (kind < 3) bytes[at] = random(256);
    else if (kind < 5) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
    else if (kind === 5) bytes[at] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff][random(8)] as number;
    else if (kind === 6) bytes.copyWithin(at, random(bytes.length), bytes.length);
    else bytes = bytes.slice(0, Math.max(1, bytes.length - random(24)));
  }
  return bytes;
}

/**
 * Heap that is alive. RSS also has the new space that the engine keeps for the next allocations (it doubles now and
 * then; `--max-semi-space-size` bounds it), and buffers that are already garbage.
 */
function usedMiB(): number {
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** xorshift32: the same packets for the same seed. */
function random(bound: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % bound;
}

function add(name: string): void {
  results[name] = (results[name] ?? 0) + 1;
}

function framesToMutate(): readonly Seed[] {
  const service = bytesOf(uint16(1), [0], '00 04 00 04 c0 00 02 01', '00 06 00 10', new Uint8Array(16));
  const messages = [
    dnsMessage({}),
    dnsMessage({ answers: [aRecord(pointer(12), '10.0.0.1'), aRecord(pointer(12), '10.0.0.2')] }),
    dnsMessage({
      type: 28,
      answers: [cnameRecord(pointer(12), 'a.example'), cnameRecord('a.example', 'b.example'), aRecord('b.example', 'fd00::1')],
    }),
    dnsMessage({
      type: 65,
      answers: [dnsRecord({ owner: pointer(12), type: 65, data: service })],
      additionals: [dnsRecord({ owner: '', type: 41, class: 1232, data: [0, 10, 0, 2, 1, 2] })],
    }),
    dnsMessage({
      flags: 0x8183,
      authorities: [dnsRecord({ owner: 'example', type: 6, data: bytesOf(dnsName('a'), dnsName('b'), new Uint8Array(20)) })],
    }),
    dnsMessage({
      type: 33,
      answers: [
        dnsRecord({ owner: pointer(12), type: 33, data: bytesOf(new Uint8Array(6), dnsName('a.example')) }),
        dnsRecord({ owner: 'x', type: 16, data: bytesOf('02 61 62') }),
      ],
    }),
  ];
  const ends4 = { source: '10.244.1.7', destination: '10.96.0.10' };
  const ends6 = { source: 'fd00::7', destination: 'fd00::a' };
  const packets = messages.flatMap((message, index) => [
    ip({ ...ends4, protocol: 17, payload: udp(53, 40_000 + index, message) }),
    ip({ ...ends6, protocol: 0, options: bytesOf('11 00 01 04 00 00 00 00'), payload: udp(40_000, 53, message) }),
    ip({ ...ends4, protocol: 6, payload: tcp({ sourcePort: 53, destinationPort: 40_000, flags: 2, sequence: 99 }) }),
    ip({
      ...ends4,
      protocol: 6,
      payload: tcp({ sourcePort: 53, destinationPort: 40_000, sequence: 100, payload: bytesOf(uint16(message.length), message) }),
    }),
    ip({
      ...ends4,
      protocol: 6,
      payload: tcp({ sourcePort: 53, destinationPort: 40_000, sequence: 130, options: new Uint8Array(12), payload: message.subarray(28) }),
    }),
  ]);
  const framed = packets.map((packet) => ethernet(etherTypeOf(packet), packet));
  const outer = { source: '192.0.2.1', destination: '192.0.2.2' };
  const over = (protocol: number, payload: Uint8Array): Seed => ({
    linkType: 1,
    bytes: ethernet(0x0800, ip({ ...outer, protocol, payload })),
  });
  const erspan = bytesOf('00 00 00 01', '10 00 00 00 00 00 00 00');
  return [
    ...framed.map((bytes) => ({ linkType: 1, bytes })),
    ...packets.map((bytes) => ({ linkType: 101, bytes })),
    ...packets.map((packet) => ({ linkType: 113, bytes: linuxSll(etherTypeOf(packet), packet) })),
    ...packets.map((packet) => ({ linkType: 276, bytes: linuxSll2(etherTypeOf(packet), packet) })),
    ...framed.map((frame) => over(17, udp(50_000, 4789, vxlan(frame)))),
    ...framed.map((frame) => over(17, udp(50_000, 6081, geneve(0x6558, frame, new Uint8Array(8))))),
    ...framed.map((frame) => over(47, gre(0x1000, 0x88be, frame, erspan))),
    ...packets.map((packet) => over(etherTypeOf(packet) === 0x0800 ? 4 : 41, packet)),
  ];
}

function pcapNg(): Uint8Array {
  const packet = ({ bytes }: Seed, index: number): Uint8Array =>
    encodePcapNgPacket({ interfaceId: index % 2, at: index, bytes, offset: 0, capturedLength: bytes.length, originalLength: bytes.length });
  const head = [
    encodePcapNgSection(),
    encodePcapNgInterface({ linkType: 1, snapLength: 0 }),
    encodePcapNgInterface({ linkType: 276, snapLength: 0 }),
  ];
  return bytesOf(...head, ...seeds.slice(0, 40).map(packet));
}
