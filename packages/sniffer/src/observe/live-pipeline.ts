import type { Observer, PacketView } from '@nm/core';
import { ATTEMPT_FROM_NODE, ATTEMPT_OF_NEW_SENDER, TCP_ACK, TCP_SYN } from '@nm/core';
import { createDnsStreams, createFrameDecoder, LINK_TYPE_RAW } from '@nm/wire';
import type { DnsStreams, FrameDecoder } from '@nm/wire';
import type { CapturedFrame } from '../capture/capture-source.ts';
import { NewEdgeWatch } from './new-edge-watch.ts';
import { NewSourceWatch } from './new-source-watch.ts';
import { PortSet } from './port-set.ts';
import { RecentFrames } from './recent-frames.ts';

const TCP = 6;
const VLAN = 0x8100;
const SERVICE_VLAN = 0x88a8;
const VLAN_TAG_BYTES = 4;

/** Memory for DNS over TCP on a node; the offline map takes more. */
export const LIVE_STREAM_LIMITS = { maxStreams: 1_024, maxBytes: 2 * 1024 * 1024 } as const;

/** From a captured frame to the observer: IP, then DNS messages and connection attempts. Allocates nothing for a UDP packet. */
export interface LivePipeline {
  frame(frame: CapturedFrame): void;
  setDnsPorts(ports: readonly number[]): void;
  readonly watch: NewSourceWatch;
  readonly edges: NewEdgeWatch;
  readonly decoder: FrameDecoder;
  readonly streams: DnsStreams;
  /** Frames that were the same as one just before, and not looked at further. */
  readonly copies: number;
}

/** @param onAttemptOfNode called with each attempt from a node's own address that was not seen before. */
export function createLivePipeline(
  observer: Observer,
  dnsPorts: readonly number[],
  onAttemptOfNode: (bytes: Uint8Array, view: PacketView) => void = () => undefined,
): LivePipeline {
  // Tunnels are not opened: what is inside shows up on the node's own interfaces.
  const decoder = createFrameDecoder({ maxTunnels: 0, vxlanPorts: [], genevePorts: [] });
  const streams = createDnsStreams(LIVE_STREAM_LIMITS);
  const watch = new NewSourceWatch();
  const edges = new NewEdgeWatch();
  const isDnsPort = new PortSet(dnsPorts);
  const onMessage: Parameters<DnsStreams['push']>[1] = (view) => {
    if (observer.dns(view)) edges.lookup(view);
  };
  const { view } = decoder;
  const { counts } = observer;
  const recent = new RecentFrames();
  let copies = 0;

  return {
    watch,
    edges,
    decoder,
    streams,
    get copies() {
      return copies;
    },
    frame(frame) {
      const { bytes } = frame;
      const isTagged = frame.etherType === VLAN || frame.etherType === SERVICE_VLAN;
      watch.interface(frame.interfaceIndex);
      if (!isTagged && recent.isCopy(frame)) {
        copies += 1;
        return;
      }
      const skipped = isTagged ? tagLength(bytes, frame.offset) : 0;
      // The time is copied from field to field: a number with a fraction that is passed to a function is allocated first.
      if (!decoder.decode(bytes, frame.offset + skipped, frame.length - skipped, LINK_TYPE_RAW, 0)) return;
      view.at = frame.at;
      const isDns = isDnsPort.has(view.sourcePort) || isDnsPort.has(view.destinationPort);
      if (view.protocol === TCP) {
        if ((view.tcpFlags & (TCP_SYN | TCP_ACK)) === TCP_SYN) {
          const seen = observer.tcpSyn(view);
          if (seen !== 0) {
            if ((seen & ATTEMPT_OF_NEW_SENDER) !== 0) watch.hasNew = true;
            edges.attempt(view);
            if ((seen & ATTEMPT_FROM_NODE) !== 0) onAttemptOfNode(bytes, view);
            // A copy of the first frame of an attempt tells nothing; one behind address translation differs from it.
            if (!isTagged && !isDns) recent.keep(frame);
          }
        }
        if (isDns) streams.push(view, onMessage);
      } else if (isDns) {
        const { dnsUnmatched } = counts;
        if (observer.dns(view)) {
          watch.source(view, view.destinationOffset);
          edges.lookup(view);
        }
        // The copy of an answer may come after the query that it belongs to, even if the answer itself did not.
        if (!isTagged && counts.dnsUnmatched === dnsUnmatched) recent.keep(frame);
      }
    },
    setDnsPorts(ports) {
      isDnsPort.set(ports);
    },
  };
}

/** A second VLAN tag, where the kernel left one: its type says IP, and the header behind it agrees (see filter.ts). */
function tagLength(bytes: Uint8Array, offset: number): number {
  const type = ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
  const version = (bytes[offset + VLAN_TAG_BYTES] ?? 0) >> 4;
  return (type === 0x0800 && version === 4) || (type === 0x86dd && version === 6) ? VLAN_TAG_BYTES : 0;
}
