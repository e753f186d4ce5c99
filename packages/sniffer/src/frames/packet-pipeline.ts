import type { PacketView } from '@nm/core';
import { DNS_HEADER_LENGTH, PROTOCOL_TCP, TCP_ACK, TCP_SYN } from '@nm/wire';
import type { DnsStreams, FrameDecoder } from '@nm/wire';

export interface PacketPipelineDeps {
  readonly decoder: FrameDecoder;
  /** Puts DNS over TCP together. */
  readonly streams: DnsStreams;
  /** A view whose payload is one DNS message, query or answer. Reused: nobody keeps it or its bytes. */
  readonly onDns: (view: PacketView) => void;
  /** A connection attempt: SYN set, ACK clear (rule 3). Reused likewise. */
  readonly onTcpSyn: (view: PacketView) => void;
}

export interface PacketPipelineOptions {
  /** Ports of DNS servers, on either side of a packet. Default 53. */
  readonly dnsPorts?: readonly number[];
}

/** What became of the frames; those that gave no packet are in the decoder's own counts. */
export interface PacketPipelineCounts {
  frames: number;
  /** DNS messages over UDP and TCP. */
  dnsMessages: number;
  /** UDP packets of a DNS port that are too short for a header. */
  shortDns: number;
  tcpSyns: number;
  /** Packets that are neither DNS nor an attempt. */
  others: number;
}

/** From frames to what the observer reads. One per capture source; the same for live capture and files. */
export interface PacketPipeline {
  readonly counts: Readonly<PacketPipelineCounts>;
  /** `bytes[offset … offset+length)` is one frame of `linkType`, captured at `at` (ms since the epoch). */
  frame(bytes: Uint8Array, offset: number, length: number, linkType: number, at: number): void;
  setDnsPorts(ports: readonly number[]): void;
  /** At the end of the input: gives out DNS messages that still waited for missing segments. */
  flush(): void;
}

export const DEFAULT_DNS_PORTS: readonly number[] = [53];

export function createPacketPipeline(deps: PacketPipelineDeps, options: PacketPipelineOptions = {}): PacketPipeline {
  const { decoder, streams, onDns, onTcpSyn } = deps;
  const { view } = decoder;
  const counts: PacketPipelineCounts = { frames: 0, dnsMessages: 0, shortDns: 0, tcpSyns: 0, others: 0 };
  const isDnsPort = new Uint8Array(65_536);

  const setDnsPorts = (ports: readonly number[]): void => {
    isDnsPort.fill(0);
    for (const port of ports) isDnsPort[port] = 1;
  };
  const giveDns = (message: PacketView): void => {
    counts.dnsMessages += 1;
    onDns(message);
  };
  const takeTcp = (isDns: boolean): void => {
    const isSyn = (view.tcpFlags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
    if (isSyn) {
      counts.tcpSyns += 1;
      onTcpSyn(view);
    }
    if (isDns) streams.push(view, giveDns);
    else if (!isSyn) counts.others += 1;
  };

  setDnsPorts(options.dnsPorts ?? DEFAULT_DNS_PORTS);
  return {
    counts,
    setDnsPorts,
    frame(bytes, offset, length, linkType, at) {
      counts.frames += 1;
      if (!decoder.decode(bytes, offset, length, linkType, at)) return;
      const isDns = isDnsPort[view.destinationPort] === 1 || isDnsPort[view.sourcePort] === 1;
      if (view.protocol === PROTOCOL_TCP) takeTcp(isDns);
      else if (!isDns) counts.others += 1;
      else if (view.payloadLength < DNS_HEADER_LENGTH) counts.shortDns += 1;
      else giveDns(view);
    },
    flush() {
      streams.flush(giveDns);
    },
  };
}
