import { createObserver, dnsObservation, tcpObservation } from '@nm/core';
import type { Observation } from '@nm/core';
import { createPacketPipeline, openCaptures } from '@nm/sniffer/files';
import { createDnsStreams, createFrameDecoder, decodeDnsAnswer } from '@nm/wire';

/** Capture time between two drains: what a sniffer's interval is on a live node. */
const INTERVAL_MS = 1_000;

/** What a sniffer would report of these captures, in their own time. */
export async function sampleObservations(paths: readonly string[], signal: AbortSignal): Promise<Observation[]> {
  const observations: Observation[] = [];
  const seen = { vantage: 'client' } as const;
  const observer = createObserver({
    decodeDnsAnswer,
    sink: {
      dns: (client, answer, count, first, last) => observations.push(dnsObservation(client, answer, count, first, last, seen)),
      tcp: (flow, count, first, last) => observations.push(tcpObservation(flow, count, first, last, seen)),
    },
  });
  const pipeline = createPacketPipeline({
    decoder: createFrameDecoder(),
    streams: createDnsStreams(),
    onDns: (view) => observer.dns(view),
    onTcpSyn: (view) => observer.tcpSyn(view),
  });
  let drainAt = 0;
  for await (const batch of openCaptures(paths, { signal })) {
    for (let i = 0; i < batch.count; i++) {
      const at = batch.ats[i] as number;
      if (at > drainAt) {
        observer.drain(at);
        drainAt = at + INTERVAL_MS;
      }
      pipeline.frame(
        batch.bytes[i] as Uint8Array,
        batch.offsets[i] as number,
        batch.capturedLengths[i] as number,
        batch.linkTypes[i] as number,
        at,
      );
    }
  }
  pipeline.flush();
  observer.finish();
  return observations;
}

/** The same observations as if the last one had just been made. */
export function shiftToNow(observations: readonly Observation[], now: number): Observation[] {
  const last = Math.max(...observations.map(({ lastSeenAt }) => lastSeenAt));
  return observations.map((observation) => ({
    ...observation,
    firstSeenAt: observation.firstSeenAt - last + now,
    lastSeenAt: observation.lastSeenAt - last + now,
  }));
}
