import { createClusterView, createOfflineMap } from '@nm/core';
import type { ClusterView, Edge, OfflineMap, OfflineMapSummary } from '@nm/core';
import { readDumps } from '@nm/kube';
import type { DumpWarning } from '@nm/kube';
import { collectHeap, createHeapBound, createMemoryKeeper, trimHeap } from '@nm/runtime';
import type { MemoryKeeper } from '@nm/runtime';
import { createPacketPipeline, loadProcDump, openCaptures } from '@nm/sniffer/files';
import { createDnsStreams, createFrameDecoder, decodeDnsAnswer } from '@nm/wire';
import type { BuildMap, BuildMapHooks, BuildMapOptions, SummaryLine } from './map-contract.ts';

const EXAMPLES = 3;
const DNS_PORT = 53;
/** Reading goes over much more data than the map keeps; garbage is collected once the process takes more than this. */
const ENOUGH_MEMORY_BYTES = 180 * 1024 * 1024;
const MEMORY_GROWTH_BYTES = 8 * 1024 * 1024;
/** A collection takes about 1 ms for each MiB that lives. */
const MEMORY_GROWTH_SHARE = 0.05;
const MAX_YOUNG_BYTES = 4 * 1024 * 1024;
/**
 * Above this the dumps' garbage is given back before the packets come: later that would also throw away the code that V8
 * compiled for them.
 */
const DUMP_MEMORY_BYTES = 100 * 1024 * 1024;
const LOOK_EVERY_EDGES = 4096;

/** V8 would take twice the memory that a map needs, and the young generation alone 128 MiB. */
function keepMemory(): MemoryKeeper {
  const young = createHeapBound({ maxYoungBytes: MAX_YOUNG_BYTES });
  const all = createMemoryKeeper(
    MEMORY_GROWTH_BYTES,
    { rssBytes: () => process.memoryUsage.rss(), trim: collectHeap },
    { enoughBytes: ENOUGH_MEMORY_BYTES, growthShare: MEMORY_GROWTH_SHARE },
  );
  return {
    look() {
      young.look();
      all.look();
    },
  };
}

/**
 * Dumps and watch streams first, then the packets of all captures merged by time, then the sockets of copies of /proc:
 * resolution needs the whole history of the cluster before it sees the first address.
 */
export const mapFromFiles: BuildMap = async (options, hooks) => {
  const memory = keepMemory();
  const skipped: SummaryLine[] = [];
  const view = await readCluster(options, hooks, skipped, memory);
  const map = createOfflineMap(
    { view, decodeDnsAnswer },
    { ...(options.since === undefined ? {} : { since: options.since }), ...(options.until === undefined ? {} : { until: options.until }) },
  );
  const packets = await readCaptures(options, hooks, view, map, skipped, memory);
  const sockets = await readProcs(options, map, skipped);
  const { edges, summary } = map.finish({ unknown: options.includeUnknown === true });
  return {
    edges: kept(edges, memory),
    summary: {
      packets,
      transactions: summary.packets.dnsTransactions,
      attempts: summary.packets.tcpAttempts,
      sockets,
      window:
        summary.firstSeenAt === undefined || summary.lastSeenAt === undefined
          ? {}
          : { since: summary.firstSeenAt, until: summary.lastSeenAt },
      unresolved: toUnresolved(summary),
      skipped: [...skipped, ...toSkipped(summary)],
    },
  };
};

async function readCluster(
  options: BuildMapOptions,
  hooks: BuildMapHooks,
  skipped: SummaryLine[],
  memory: MemoryKeeper,
): Promise<ClusterView> {
  const view = createClusterView({
    cluster: options.clusterName,
    clusterDomains: [options.clusterDomain],
    identity: { rootKinds: options.customOwners },
  });
  const onWarning = (warning: DumpWarning): void => {
    skipped.push({ what: warning.message.replace(/^\d+ /, ''), count: warning.count });
  };
  for await (const part of readDumps(options.kube, { onWarning, signal: hooks.signal })) {
    for (const change of part) view.apply(change);
    memory.look();
  }
  if (process.memoryUsage.rss() > DUMP_MEMORY_BYTES) trimHeap();
  return view;
}

async function readCaptures(
  options: BuildMapOptions,
  hooks: BuildMapHooks,
  view: ClusterView,
  map: OfflineMap,
  skipped: SummaryLine[],
  memory: MemoryKeeper,
): Promise<number> {
  if (options.pcap.length === 0) return 0;
  const decoder = createFrameDecoder();
  const streams = createDnsStreams();
  const pipeline = createPacketPipeline(
    { decoder, streams, onDns: (packet) => map.dns(packet), onTcpSyn: (packet) => map.tcpSyn(packet) },
    { dnsPorts: [DNS_PORT, ...view.services.dnsTargetPorts()] },
  );
  const file = options.pcap.length === 1 ? (options.pcap[0] ?? '') : `${options.pcap.length} captures`;
  const captures = openCaptures(options.pcap, {
    signal: hooks.signal,
    onProgress: ({ bytesRead, bytesTotal, records }) => hooks.onProgress({ file, bytesRead, bytesTotal, packets: records }),
  });
  for await (const batch of captures) {
    memory.look();
    // Indexed: this runs for every packet.
    for (let i = 0; i < batch.count; i++) {
      pipeline.frame(
        batch.bytes[i] as Uint8Array,
        batch.offsets[i] as number,
        batch.capturedLengths[i] as number,
        batch.linkTypes[i] as number,
        batch.ats[i] as number,
      );
    }
  }
  pipeline.flush();
  skipped.push(...captures.warnings.map(({ message, count }) => ({ what: message, ...(count !== undefined && { count }) })));
  for (const [reason, count] of Object.entries(decoder.counts))
    if (count > 0) skipped.push({ what: `frames not decoded: ${reason}`, count });
  const { gaps, abandoned, unsynchronised, malformed } = streams.counts;
  for (const [reason, count] of Object.entries({ gaps, abandoned, unsynchronised, malformed }))
    if (count > 0) skipped.push({ what: `DNS over TCP: ${reason}`, count });
  return pipeline.counts.frames;
}

async function readProcs(options: BuildMapOptions, map: OfflineMap, skipped: SummaryLine[]): Promise<number> {
  let sockets = 0;
  for (const directory of options.proc) {
    const { observations, warnings } = await loadProcDump(directory);
    for (const observation of observations) {
      map.add(observation);
      sockets += observation.count;
    }
    skipped.push(...warnings.map((what) => ({ what })));
  }
  return sockets;
}

/** The edges as they are asked for, with a look at the memory now and then. What only the packets needed goes first. */
function* kept(edges: Iterable<Edge>, memory: MemoryKeeper): Generator<Edge> {
  if (process.memoryUsage.rss() > DUMP_MEMORY_BYTES) trimHeap();
  let count = 0;
  for (const edge of edges) {
    yield edge;
    count += 1;
    if (count % LOOK_EVERY_EDGES === 0) memory.look();
  }
}

/** One line a reason: how often, and the addresses seen most. */
function toUnresolved(summary: OfflineMapSummary): SummaryLine[] {
  const byReason = new Map<string, { count: number; examples: string[] }>();
  for (const { address, reason, count } of summary.unknown) {
    const known = byReason.get(reason) ?? { count: 0, examples: [] };
    known.count += count;
    if (known.examples.length < EXAMPLES) known.examples.push(address);
    byReason.set(reason, known);
  }
  return [...byReason].map(([what, { count, examples }]) => ({ what, count, examples }));
}

function toSkipped(summary: OfflineMapSummary): SummaryLine[] {
  const { dnsMalformed, dnsUnmatched, evictions } = summary.packets;
  const lines = {
    'malformed DNS messages': dnsMalformed,
    'DNS answers without their question': dnsUnmatched,
    'table entries forgotten early': evictions,
  };
  const dropped = Object.entries(summary.dropped).map(([reason, count]) => ({ what: `no edge: ${reason}`, count }));
  const counted = Object.entries(lines).flatMap(([what, count]) => (count === 0 ? [] : [{ what, count }]));
  return [
    ...counted,
    ...dropped,
    ...(summary.collapsedNames === 0 ? [] : [{ what: 'names collapsed into their domain', count: summary.collapsedNames }]),
  ];
}
