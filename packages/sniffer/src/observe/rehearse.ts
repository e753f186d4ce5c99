import { createObserver } from '@nm/core';
import { decodeDnsAnswer } from '@nm/wire';
import type { CapturedFrame } from '../capture/capture-source.ts';
import { createLivePipeline } from './live-pipeline.ts';

const LOOKUPS = 1_500;
const ATTEMPTS = 1_500;
const DNS_PORT = 53;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const SLOT_BYTES = 256;

/**
 * Lets the engine compile the way of a packet before the first real one comes: code that was never run takes 5 µs for a
 * frame instead of 0.3, and a node whose load begins suddenly would lose frames for as long as that takes. Costs about
 * 0.15 s of CPU time, once.
 */
export function rehearse(): void {
  const observer = createObserver(
    { decodeDnsAnswer, sink: { dns: () => undefined, tcp: () => undefined } },
    // The tables of the rehearsal are thrown away.
    { maxTransactions: 4_096, maxAnswers: 256, maxPairs: 1_024, maxFlows: 256, maxAttempts: 4_096, maxNames: 1_024, maxAddresses: 1_024 },
  );
  const pipeline = createLivePipeline(observer, [DNS_PORT]);
  const bytes = new Uint8Array(SLOT_BYTES * 2);
  const frame: CapturedFrame = {
    at: 0.5,
    bytes,
    offset: 0,
    length: 0,
    wireLength: 0,
    interfaceIndex: 1,
    etherType: 0x0800,
    packetType: 0,
  };
  const show = (length: number): void => {
    frame.length = length;
    // Each frame is seen twice, as in the ring, where copies lie behind each other.
    bytes.copyWithin(SLOT_BYTES, 0, length);
    for (let copy = 0; copy < 2; copy++) {
      frame.at += 0.005;
      frame.offset = copy * SLOT_BYTES;
      pipeline.frame(frame);
    }
  };
  for (let number = 0; number < LOOKUPS; number++) {
    for (const isAnswer of [false, true]) show(writeLookup(bytes, number, isAnswer));
    if (number % 500 === 499) observer.drain(frame.at);
  }
  for (let number = 0; number < ATTEMPTS; number++) show(writeAttempt(bytes, number));
  observer.drain(frame.at + 1_000);
}

/** RFC 791 or, for every fifth, RFC 8200; RFC 768; RFC 1035. Every fourth answer has a CNAME. */
function writeLookup(bytes: Uint8Array, number: number, isAnswer: boolean): number {
  const name = `service-${number % 64}`;
  const question = [name.length, ...ascii(name), 7, ...ascii('example'), 0, 0, 1, 0, 1];
  const owner = 12 + question.length + 12;
  const address = (pointer: number): number[] => [0xc0, pointer, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, number % 64];
  const answers = number % 4 === 0 ? [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, 6, 4, ...ascii('edge'), 0, ...address(owner)] : address(12);
  const count = !isAnswer ? 0 : number % 4 === 0 ? 2 : 1;
  const id = number & 0xffff;
  const message = [id >> 8, id & 255, isAnswer ? 0x81 : 0x01, isAnswer ? 0x80 : 0, 0, 1, 0, count, 0, 0, 0, 0, ...question];
  const payload = isAnswer ? [...message, ...answers] : message;
  const port = 1_024 + (number % 60_000);
  const [source, destination] = isAnswer ? [DNS_PORT, port] : [port, DNS_PORT];
  const length = payload.length + 8;
  const udp = [source >> 8, source & 255, destination >> 8, destination & 255, length >> 8, length & 255, 0, 0, ...payload];
  return writePacket(bytes, number % 5 === 0, 17, udp, number % 200, isAnswer);
}

/** RFC 9293 3.1. */
function writeAttempt(bytes: Uint8Array, number: number): number {
  const sequence = Math.imul(number + 1, 0x9e3779b1);
  const port = 1_024 + number;
  const numbers = [port >> 8, port & 255, 0, 80, sequence >>> 24, (sequence >> 16) & 255, (sequence >> 8) & 255, sequence & 255];
  return writePacket(bytes, number % 5 === 0, 6, [...numbers, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0], number % 200, false);
}

function writePacket(
  bytes: Uint8Array,
  isIpv6: boolean,
  protocol: number,
  body: readonly number[],
  client: number,
  isAnswer: boolean,
): number {
  const header = isIpv6 ? IPV6_BYTES : IPV4_BYTES;
  const total = header + body.length;
  bytes.fill(0, 0, header);
  bytes[0] = isIpv6 ? 0x60 : 0x45;
  bytes.set(isIpv6 ? [body.length >> 8, body.length & 255, protocol, 64] : [total >> 8, total & 255], isIpv6 ? 4 : 2);
  if (!isIpv6) bytes.set([64, protocol], 8);
  const size = isIpv6 ? 16 : 4;
  const source = isIpv6 ? 8 : 12;
  // Documentation addresses; the last byte tells client and server apart.
  for (const [at, host] of [
    [source, isAnswer ? 250 : client],
    [source + size, isAnswer ? client : 250],
  ] as const) {
    bytes.set(isIpv6 ? [0x20, 0x01, 0x0d, 0xb8] : [203, 0, 113], at);
    bytes[at + size - 1] = host;
  }
  bytes.set(body, header);
  return total;
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}
