import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPacketPipeline, openCaptures } from '@nm/sniffer/files';
import { createCaptureDecoder, createDnsStreams, createFrameDecoder, decodeDnsAnswer, decodeDnsMessage } from '@nm/wire';
import {
  aRecord,
  bytesOf,
  cnameRecord,
  dnsMessage,
  ethernet,
  etherTypeOf,
  ip,
  pcap,
  pointer,
  tcp,
  udp,
  uint16,
  vxlan,
} from '@nm/wire/testing';
import { printFigures } from './figures.ts';

/** What decoding costs on one core, per second of processor time. Goals: 2,000,000 frames/s, 500,000 DNS answers/s, 2,000,000 packets/s out of files. */
const REPEATS = 7;
const FRAMES = 1_000_000;
const ANSWERS = 300_000;
/** Different frames and messages, so that the caches see what traffic shows them. */
const VARIETY = 5000;

const messages = Array.from({ length: VARIETY }, (_, index) => messageOf(index));
const frames = messages.flatMap((message, index) => [answerFrame(message, index), queryFrame(index), synFrame(index), synFrame(index)]);
const tunnelled = frames.map((frame) =>
  ethernet(0x0800, ip({ source: '192.0.2.1', destination: '192.0.2.2', protocol: 17, payload: udp(50_000, 8472, vxlan(frame)) })),
);
const segments = messages.map((message, index) => segmentFrame(message, index));

const folder = mkdtempSync(join(tmpdir(), 'wire-'));
const file = pcap({ packets: frames.map((bytes, index) => ({ seconds: 1_700_000_000, fraction: index * 40, bytes })) });
/** The same 20,000 packets again and again, a second later each time: 1,000,000 in all. */
const paths = writeCaptures();
try {
  printFigures(
    'wire',
    {
      'frames/s': repeat(() => decodeFrames(frames)),
      'VXLAN frames/s': repeat(() => decodeFrames(tunnelled)),
      'DNS answers/s': repeat(decodeAnswers),
      'whole DNS messages/s': repeat(decodeMessages),
      'DNS over TCP segments/s': repeat(decodeSegments),
      'capture records/s': repeat(decodeRecords),
      'file to pipeline packets/s': await repeatFiles([paths.whole]),
      'two files merged packets/s': await repeatFiles([paths.even, paths.odd]),
    },
    { frames: FRAMES, answers: ANSWERS, maxRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) },
  );
} finally {
  rmSync(folder, { recursive: true });
}

function repeat(measure: () => number): readonly number[] {
  measure();
  return Array.from({ length: REPEATS }, measure);
}

async function repeatFiles(captures: readonly string[]): Promise<readonly number[]> {
  const rates: number[] = [];
  for (let run = 0; run < REPEATS; run += 1) rates.push(await readFiles(captures));
  return rates;
}

/** Per second of processor time, all threads: the figure of a core, also while others use the machine. */
function perSecond(count: number, startedAt: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(startedAt);
  return count / ((user + system) / 1e6);
}

function decodeFrames(input: readonly Uint8Array[]): number {
  const decoder = createFrameDecoder();
  const startedAt = process.cpuUsage();
  let decoded = 0;
  for (let index = 0; index < FRAMES; index += 1) {
    const frame = input[index % input.length] as Uint8Array;
    if (decoder.decode(frame, 0, frame.length, 1, index)) decoded += 1;
  }
  check(decoded, FRAMES);
  return perSecond(FRAMES, startedAt);
}

function decodeAnswers(): number {
  const startedAt = process.cpuUsage();
  let decoded = 0;
  for (let index = 0; index < ANSWERS; index += 1) {
    const message = messages[index % VARIETY] as Uint8Array;
    const answer = decodeDnsAnswer(message, 0, message.length);
    if (typeof answer !== 'string' && answer.addresses.length > 0) decoded += 1;
  }
  check(decoded, ANSWERS);
  return perSecond(ANSWERS, startedAt);
}

function decodeMessages(): number {
  const startedAt = process.cpuUsage();
  let decoded = 0;
  for (let index = 0; index < ANSWERS; index += 1) {
    const message = messages[index % VARIETY] as Uint8Array;
    if (typeof decodeDnsMessage(message, 0, message.length) !== 'string') decoded += 1;
  }
  check(decoded, ANSWERS);
  return perSecond(ANSWERS, startedAt);
}

function decodeSegments(): number {
  const decoder = createFrameDecoder();
  const streams = createDnsStreams();
  let decoded = 0;
  const startedAt = process.cpuUsage();
  for (let index = 0; index < ANSWERS; index += 1) {
    const frame = segments[index % VARIETY] as Uint8Array;
    // Another connection each time round: the client's port is in bytes 36 and 37.
    frame[36] = 128 + Math.floor(index / VARIETY);
    if (decoder.decode(frame, 0, frame.length, 1, index)) streams.push(decoder.view, () => (decoded += 1));
  }
  check(decoded, ANSWERS);
  return perSecond(ANSWERS, startedAt);
}

function decodeRecords(): number {
  const chunkBytes = 262_144;
  let records = 0;
  const startedAt = process.cpuUsage();
  for (let round = 0; round < 50; round += 1) {
    const decoder = createCaptureDecoder();
    for (let from = 0; from < file.length; from += chunkBytes) {
      decoder.push(file.subarray(from, from + chunkBytes));
      while (decoder.next()) records += 1;
    }
  }
  check(records, 50 * frames.length);
  return perSecond(records, startedAt);
}

async function readFiles(captures: readonly string[]): Promise<number> {
  let seen = 0;
  const count = (): void => {
    seen += 1;
  };
  const pipeline = createPacketPipeline({ decoder: createFrameDecoder(), streams: createDnsStreams(), onDns: count, onTcpSyn: count });
  const startedAt = process.cpuUsage();
  for await (const batch of openCaptures(captures)) {
    const { bytes, offsets, capturedLengths, linkTypes, ats } = batch;
    for (let index = 0; index < batch.count; index += 1) {
      pipeline.frame(
        bytes[index] as Uint8Array,
        offsets[index] as number,
        capturedLengths[index] as number,
        linkTypes[index] as number,
        ats[index] as number,
      );
    }
  }
  check(seen, FRAMES);
  return perSecond(seen, startedAt);
}

function check(count: number, expected: number): void {
  if (count !== expected) throw new Error(`${count} of ${expected}`);
}

function writeCaptures(): { readonly whole: string; readonly even: string; readonly odd: string } {
  const records = file.subarray(24);
  const rounds = FRAMES / frames.length;
  const stamp = (round: number): Buffer => {
    const bytes = Buffer.from(records);
    for (let at = 0; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) bytes.writeUInt32LE(1_700_000_000 + round, at);
    return bytes;
  };
  const write = (name: string, isWanted: (round: number) => boolean): string => {
    const path = join(folder, name);
    const all = Array.from({ length: rounds }, (_, round) => round).filter(isWanted);
    writeFileSync(path, Buffer.concat([file.subarray(0, 24), ...all.map(stamp)]));
    return path;
  };
  return {
    whole: write('whole.pcap', () => true),
    even: write('even.pcap', (round) => round % 2 === 0),
    odd: write('odd.pcap', (round) => round % 2 === 1),
  };
}

function nameOf(index: number): string {
  return `service-${index}.namespace-${index % 40}.svc.cluster.local`;
}

/** One in five with a chain of two, one in five IPv6. */
function messageOf(index: number): Uint8Array {
  const address = index % 5 === 1 ? `fd00:10:96::${index.toString(16)}` : `10.${index & 63}.${index >> 8}.${index & 255}`;
  const type = index % 5 === 1 ? 28 : 1;
  const chain = [cnameRecord(pointer(12), `edge-${index}.cdn.example.net`), aRecord(`edge-${index}.cdn.example.net`, address)];
  return dnsMessage({ id: index, question: nameOf(index), type, answers: index % 5 === 0 ? chain : [aRecord(pointer(12), address)] });
}

function addressOf(index: number): string {
  return index % 5 === 1 ? `fd00:10:244::${(index % 1000).toString(16)}` : `10.244.${(index % 1000) >> 6}.${index & 63}`;
}

function serverOf(index: number): string {
  return index % 5 === 1 ? 'fd00:10:96::a' : '10.96.0.10';
}

function framed(packet: Uint8Array): Uint8Array {
  return ethernet(etherTypeOf(packet), packet);
}

function answerFrame(message: Uint8Array, index: number): Uint8Array {
  return framed(ip({ source: serverOf(index), destination: addressOf(index), protocol: 17, payload: udp(53, 30_000 + index, message) }));
}

function queryFrame(index: number): Uint8Array {
  const message = dnsMessage({ id: index, question: nameOf(index) });
  return framed(ip({ source: addressOf(index), destination: serverOf(index), protocol: 17, payload: udp(30_000 + index, 53, message) }));
}

function synFrame(index: number): Uint8Array {
  const payload = tcp({
    sourcePort: 30_000 + index,
    destinationPort: 8080,
    sequence: index * 4_000_000,
    flags: 2,
    options: new Uint8Array(20),
  });
  return framed(ip({ source: addressOf(index), destination: serverOf(index), protocol: 6, payload }));
}

function segmentFrame(message: Uint8Array, index: number): Uint8Array {
  const payload = tcp({
    sourcePort: 53,
    destinationPort: index,
    sequence: 1,
    flags: 0x18,
    payload: bytesOf(uint16(message.length), message),
  });
  return framed(ip({ source: '10.96.0.10', destination: `10.244.${index >> 8}.${index & 255}`, protocol: 6, payload }));
}
