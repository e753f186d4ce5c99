import type { PacketView } from '@nm/core';
import { createDnsStreams, createFrameDecoder } from '@nm/wire';
import { aRecord, bytesOf, dnsMessage, ethernet, ip, pointer, tcp, udp, uint16 } from '@nm/wire/testing';
import { describe, expect, test } from 'vitest';
import { createPacketPipeline } from './packet-pipeline.ts';
import type { PacketPipelineOptions } from './packet-pipeline.ts';

const answer = dnsMessage({ id: 7, answers: [aRecord(pointer(12), '10.0.0.1')] });
const overTcp = bytesOf(uint16(answer.length), answer);
const ends = { source: '10.96.0.10', destination: '10.244.1.7' };
const overUdp = (sourcePort: number, destinationPort: number, payload = answer): Uint8Array =>
  ethernet(0x0800, ip({ ...ends, protocol: 17, payload: udp(sourcePort, destinationPort, payload) }));
const segment = (flags: number, sequence: number, payload: Uint8Array = new Uint8Array(0), sourcePort = 53): Uint8Array =>
  ethernet(0x0800, ip({ ...ends, protocol: 6, payload: tcp({ sourcePort, destinationPort: 40_000, flags, sequence, payload }) }));

function run(frames: readonly Uint8Array[], options: PacketPipelineOptions = {}) {
  const seen: string[] = [];
  const onDns = (view: PacketView): number =>
    seen.push(
      `dns ${view.protocol} ${[...view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength)].join() === [...answer].join()}`,
    );
  const onTcpSyn = (view: PacketView): number => seen.push(`syn ${view.sourcePort} > ${view.destinationPort}`);
  const pipeline = createPacketPipeline({ decoder: createFrameDecoder(), streams: createDnsStreams(), onDns, onTcpSyn }, options);
  for (const frame of frames) pipeline.frame(frame, 0, frame.length, 1, 1000);
  return { seen, pipeline };
}

describe('what goes where', () => {
  test.each<[name: string, frames: readonly Uint8Array[], seen: readonly string[]]>([
    ['a DNS answer', [overUdp(53, 40_000)], ['dns 17 true']],
    ['a DNS query', [overUdp(40_000, 53)], ['dns 17 true']],
    ['other UDP', [overUdp(123, 40_000)], []],
    ['UDP of port 53 that is too short', [overUdp(53, 40_000, new Uint8Array(11))], []],
    ['an attempt', [segment(0x02, 1, new Uint8Array(0), 443)], ['syn 443 > 40000']],
    ['an attempt with ECN', [segment(0xc2, 1, new Uint8Array(0), 443)], ['syn 443 > 40000']],
    ['SYN and ACK is an answer', [segment(0x12, 1, new Uint8Array(0), 443)], []],
    [
      'DNS over TCP in two segments',
      [segment(0x12, 9), segment(0x18, 10, overTcp.subarray(0, 30)), segment(0x18, 40, overTcp.subarray(30))],
      ['dns 6 true'],
    ],
    ['an attempt on the DNS port is both', [segment(0x02, 9), segment(0x18, 10, overTcp)], ['syn 53 > 40000', 'dns 6 true']],
    ['no IP', [ethernet(0x0806, new Uint8Array(28))], []],
  ])('%s', (_name, frames, seen) => {
    expect(run(frames).seen).toEqual(seen);
  });

  test('DNS ports can be chosen, and changed', () => {
    const { seen, pipeline } = run([overUdp(53, 40_000), overUdp(5353, 40_000)], { dnsPorts: [5353] });
    expect(seen).toEqual(['dns 17 true']);
    pipeline.setDnsPorts([53]);
    const frame = overUdp(53, 40_000);
    pipeline.frame(frame, 0, frame.length, 1, 1000);
    expect(seen).toEqual(['dns 17 true', 'dns 17 true']);
  });
});

test('everything is counted once', () => {
  const frames = [
    overUdp(53, 1),
    overUdp(53, 1, new Uint8Array(3)),
    segment(0x02, 1, overTcp),
    segment(0x10, 1, overTcp, 443),
    ethernet(0x0806, new Uint8Array(28)),
  ];
  expect(run(frames).pipeline.counts).toEqual({ frames: 5, dnsMessages: 2, shortDns: 1, tcpSyns: 1, others: 1 });
});

test('messages behind a missing segment come at the end', () => {
  const { seen, pipeline } = run([segment(0x12, 9), segment(0x18, 500, overTcp)]);
  expect(seen).toEqual([]);
  pipeline.flush();
  expect(seen).toEqual(['dns 6 true']);
});
