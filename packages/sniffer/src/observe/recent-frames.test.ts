import { createObserver } from '@nm/core';
import type { Observer } from '@nm/core';
import { createFrameDecoder, decodeDnsAnswer, LINK_TYPE_RAW } from '@nm/wire';
import { aRecord, bytesOf, dnsMessage, ip, tcp, udp } from '@nm/wire/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CapturedFrame } from '../capture/capture-source.ts';
import { createLivePipeline } from './live-pipeline.ts';
import { RecentFrames } from './recent-frames.ts';

const SLOT = 512;
/** Byte of an IPv4 packet without options. */
const LAST_OF_DESTINATION = 19;
const T = 1_700_000_000_000;

function frameOf(bytes: Uint8Array, slot: number, packet: Uint8Array, at: number): CapturedFrame {
  bytes.set(packet, slot * SLOT);
  const length = packet.length;
  return {
    at,
    bytes,
    offset: slot * SLOT,
    length,
    wireLength: length,
    interfaceIndex: slot + 1,
    etherType: (packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd,
    packetType: 0,
  };
}

const question = { id: 7, question: 'cart.shop.example' };
const v4 = (payload: Uint8Array): Uint8Array => ip({ source: '10.1.0.5', destination: '10.96.0.10', protocol: 17, payload });
const v6 = (payload: Uint8Array): Uint8Array => ip({ source: 'fd00::5', destination: 'fd00::a', protocol: 17, payload });
const syn = (sequence: number): Uint8Array => tcp({ sourcePort: 40_000, destinationPort: 80, flags: 2, sequence });
const tcp4 = (sequence: number): Uint8Array => ip({ source: '10.1.0.5', destination: '10.96.0.10', protocol: 6, payload: syn(sequence) });
const tcp6 = (sequence: number): Uint8Array => ip({ source: 'fd00::5', destination: 'fd00::a', protocol: 6, payload: syn(sequence) });
const query = udp(40_000, 53, dnsMessage(question));

describe('RecentFrames', () => {
  test.each<[name: string, first: Uint8Array, second: Uint8Array, laterMs: number, isCopy: boolean]>([
    ['the same packet', v4(query), v4(query), 0.1, true],
    ['the same packet over IPv6', v6(query), v6(query), 0.1, true],
    ['another time to live and header checksum', v4(query), v4(query).with(8, 63).with(10, 7).with(11, 9), 0.1, true],
    ['another hop limit', v6(query), v6(query).with(7, 63), 0.1, true],
    ['too late', v4(query), v4(query), 21, false],
    ['earlier', v4(query), v4(query), -0.1, false],
    ['another client', v4(query), v4(query).with(15, 6), 0.1, false],
    ['another client over IPv6', v6(query), v6(query).with(23, 6), 0.1, false],
    ['another payload length', v6(query), v6(query).with(5, 1), 0.1, false],
    ['another port', v4(query), v4(query).with(21, 1), 0.1, false],
    ['another number of the message', v4(query), v4(query).with(29, 8), 0.1, false],
    ['another last byte', v4(query), v4(query).with(v4(query).length - 1, 9), 0.1, false],
    ['more bytes', v4(query), bytesOf(v4(query), [0]), 0.1, false],
    ['the same segment', tcp4(1), tcp4(1), 0.1, true],
    ['the same segment over IPv6', tcp6(1), tcp6(1), 0.1, true],
    ['another sequence number', tcp4(1), tcp4(2), 0.1, false],
    ['a segment behind address translation', tcp4(1), tcp4(1).with(LAST_OF_DESTINATION, 9), 0.1, false],
    ['neither UDP nor TCP', v4(query).with(9, 1), v4(query).with(9, 1), 0.1, false],
    ['too short for a message', v4(query).subarray(0, 31), v4(query).subarray(0, 31), 0.1, false],
    ['too short for a message over IPv6', v6(query).subarray(0, 51), v6(query).subarray(0, 51), 0.1, false],
  ])('%s', (_name, first, second, laterMs, isCopy) => {
    const bytes = new Uint8Array(4 * SLOT);
    const recent = new RecentFrames();
    const original = frameOf(bytes, 0, first, T);
    expect(recent.isCopy(original)).toBe(false);
    recent.keep(original);
    expect(recent.isCopy(frameOf(bytes, 1, second, T + laterMs))).toBe(isCopy);
  });

  test('a frame that was not kept has no copies', () => {
    const bytes = new Uint8Array(4 * SLOT);
    const recent = new RecentFrames();
    recent.isCopy(frameOf(bytes, 0, v4(query), T));
    expect(recent.isCopy(frameOf(bytes, 1, v4(query), T))).toBe(false);
  });

  test('what lies at the same place is not its own copy: the ring went round', () => {
    const bytes = new Uint8Array(4 * SLOT);
    const recent = new RecentFrames();
    const frame = frameOf(bytes, 0, v4(query), T);
    recent.isCopy(frame);
    recent.keep(frame);
    expect(recent.isCopy({ ...frame, at: T + 1 })).toBe(false);
  });

  test('the memory of another ring begins anew', () => {
    const bytes = new Uint8Array(4 * SLOT);
    const recent = new RecentFrames();
    const frame = frameOf(bytes, 0, v4(query), T);
    recent.isCopy(frame);
    recent.keep(frame);
    expect(recent.isCopy(frameOf(bytes.slice(), 1, v4(query), T))).toBe(false);
  });
});

describe('createLivePipeline', () => {
  const reply = ip({
    source: '10.96.0.10',
    destination: '10.1.0.5',
    protocol: 17,
    payload: udp(53, 40_000, dnsMessage({ ...question, answers: [aRecord('cart.shop.example', '10.96.1.5')] })),
  });

  test.each<[name: string, packets: readonly Uint8Array[], events: number, copies: number]>([
    ['each packet on two interfaces', [v4(query), v4(query), reply, reply], 1, 2],
    ['the copy of an answer belongs to the query between them (rule 1)', [reply, v4(query), reply], 1, 0],
    ['an answer without a query', [reply, reply], 0, 0],
    ['each attempt on two interfaces', [tcp4(1), tcp4(1), tcp4(2), tcp4(2)], 2, 2],
    [
      'the copies of an attempt behind address translation',
      [tcp4(1), tcp4(1).with(LAST_OF_DESTINATION, 9), tcp4(1).with(LAST_OF_DESTINATION, 9)],
      1,
      0,
    ],
  ])('%s', (_name, packets, events, copies) => {
    const seen = countingObserver();
    const pipeline = createLivePipeline(seen.observer, [53]);
    const bytes = new Uint8Array(packets.length * SLOT);
    for (const [slot, packet] of packets.entries()) pipeline.frame(frameOf(bytes, slot, packet, T + slot * 0.1));
    expect(Object.values(seen.counts()).reduce((sum, count) => sum + count, 0)).toBe(events);
    expect(pipeline.copies).toBe(copies);
  });

  test('whatever comes in whatever order, in a ring that goes round: the same is seen as without it', () => {
    const clients = ['10.1.0.5', '10.1.0.6', 'fd00::5'];
    const packets = clients.flatMap((client) =>
      ['10.96.0.10', '10.1.0.9', 'fd00::a']
        .filter((server) => server.includes(':') === client.includes(':'))
        .flatMap((server) =>
          [7, 8].flatMap((id) => [
            // The same attempts before address translation and behind it.
            ip({ source: client, destination: server, protocol: 6, payload: syn(id) }),
            ip({ source: client, destination: server, protocol: 17, payload: udp(40_000, 53, dnsMessage({ ...question, id })) }),
            ip({
              source: server,
              destination: client,
              protocol: 17,
              payload: udp(53, 40_000, dnsMessage({ ...question, id, answers: [aRecord('cart.shop.example', '10.96.1.5')] })),
            }),
          ]),
        ),
    );
    const step = fc.record({
      packet: fc.nat(packets.length - 1),
      times: fc.integer({ min: 1, max: 3 }),
      afterMs: fc.constantFrom(0.01, 1, 15, 7_000),
    });
    const PLACES = 5;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bytes = new Uint8Array(PLACES * SLOT);
        const decoder = createFrameDecoder({ maxTunnels: 0 });
        const [seen, expected] = [countingObserver(), countingObserver()];
        const pipeline = createLivePipeline(seen.observer, [53]);
        let at = T;
        let slot = 0;
        for (const { packet, times, afterMs } of steps) {
          at += afterMs;
          for (let copy = 0; copy < times; copy++) {
            at += 0.001;
            slot = (slot + 1) % PLACES;
            const frame = frameOf(bytes, slot, packets[packet] ?? bytes, at);
            pipeline.frame(frame);
            if (!decoder.decode(bytes, frame.offset, frame.length, LINK_TYPE_RAW, at)) continue;
            if (decoder.view.protocol === 6) expected.observer.tcpSyn(decoder.view);
            else expected.observer.dns(decoder.view);
          }
        }
        expect(seen.counts()).toEqual(expected.counts());
      }),
      { numRuns: 100 },
    );
  });
});

/** An observer, and what it tells of: lookups by client, attempts by client and destination. */
function countingObserver(): { readonly observer: Observer; readonly counts: () => Record<string, number> } {
  const counts: Record<string, number> = {};
  const add = (key: string, count: number): void => {
    counts[key] = (counts[key] ?? 0) + count;
  };
  const observer = createObserver({
    decodeDnsAnswer,
    sink: {
      dns: (client, _answer, count) => add(client, count),
      tcp: ({ client, destination, askedAddress }, count) => add(`${client} to ${askedAddress ?? destination} at ${destination}`, count),
    },
  });
  return {
    observer,
    counts() {
      observer.finish();
      return counts;
    },
  };
}
