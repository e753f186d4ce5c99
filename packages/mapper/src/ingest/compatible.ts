import { toDnsName } from '@nm/api';
import type { schema } from '@nm/api';
import { canonicalAddress, KAFKA_OPERATIONS, parseRfc3339 } from '@nm/core';
import type { EvidenceKind, Observation } from '@nm/core';
import type { CompatibleItem } from './ingest.ts';

/** Items of one compatible mutation: those that mean something, and how many do not. */
export interface CompatibleReport {
  readonly items: readonly CompatibleItem[];
  /** Malformed: no address, no name, no time. The wire has no way to tell them one by one. */
  readonly refused: number;
}

/** Destinations of one mutation. */
export const MAX_COMPATIBLE_ITEMS = 50_000;

const MAX_AGE_MS = 30 * 86_400_000;
const MAX_TEXT = 2_048;
/** Linux chooses client ports from here on (net.ipv4.ip_local_port_range). */
const FIRST_EPHEMERAL_PORT = 32_768;

/**
 * Reports by source and destination. Existing sniffers give no count and send a destination again while they see it,
 * so counts are marked approximate.
 */
export function fromDestinations(
  kind: 'dns' | 'tcp' | 'socket',
  sources: readonly schema.RecordedDestinationsForSrc[],
  now: number,
): CompatibleReport {
  const times = sources.flatMap((source) => source.destinations.map((destination) => parseRfc3339(destination.lastSeen)));
  const toOurs = clockOf(times, now);
  const items: CompatibleItem[] = [];
  let refused = 0;
  let index = 0;
  for (const source of sources) {
    const address = canonicalAddress(source.srcIp);
    for (const destination of source.destinations) {
      const at = toOurs(times[index++]);
      const observation = address === undefined || at === undefined ? undefined : fromDestination(kind, address, destination, at);
      if (observation === undefined) refused++;
      else items.push({ observation, repeatKey: repeatKeyOf(observation, destination.lastSeen) });
    }
  }
  return { items, refused };
}

function fromDestination(kind: 'dns' | 'tcp' | 'socket', source: string, to: schema.Destination, at: number): Observation | undefined {
  const byAddress = canonicalAddress(to.destination);
  const name = byAddress === undefined ? toDnsName(to.destination) : undefined;
  if (byAddress === undefined && name === undefined) return undefined;
  const answer = to.destinationIP == null ? undefined : canonicalAddress(to.destinationIP);
  const address = byAddress ?? answer;
  const port = portOf(kind, to.destinationPort);
  // A looked-up name is DNS evidence; a bare address can only be a connection.
  const evidence: EvidenceKind = kind === 'dns' && name === undefined ? 'tcp' : kind;
  if (evidence !== 'dns' && address === undefined) return undefined;
  return {
    kind: evidence,
    vantage: 'client',
    source: { address: source },
    destination: {
      protocol: 'TCP',
      ...(address !== undefined && { address }),
      ...(port !== undefined && { port }),
      ...(name !== undefined && { name }),
      ...(evidence === 'dns' && address !== undefined && { addresses: [address] }),
    },
    count: evidence === 'tcp' ? Math.max(1, Math.min(to.srcPorts?.length ?? 1, 65_536)) : 1,
    firstSeenAt: at,
    lastSeenAt: at,
    approximate: true,
  };
}

/** Existing socket scans sometimes give the client's own port: it is no port of the server's. */
function portOf(kind: string, port: number | null | undefined): number | undefined {
  if (port == null || port < 1 || port > 65_535) return undefined;
  return kind === 'socket' && port >= FIRST_EPHEMERAL_PORT ? undefined : port;
}

export function fromKafka(results: readonly schema.KafkaMapperResult[], now: number): CompatibleReport {
  const times = results.map((result) => parseRfc3339(result.lastSeen));
  const toOurs = clockOf(times, now);
  return collect(results, (result, index) => {
    const at = toOurs(times[index]);
    const address = canonicalAddress(result.srcIp);
    if (
      at === undefined ||
      address === undefined ||
      !areTexts(result.serverPodName, result.serverNamespace, result.topic, result.operation)
    ) {
      return undefined;
    }
    const observation: Observation = {
      kind: 'kafka',
      vantage: 'server',
      source: { address },
      destination: { protocol: 'TCP', workload: { namespace: result.serverNamespace, name: result.serverPodName, pod: true } },
      count: 1,
      firstSeenAt: at,
      lastSeenAt: at,
      approximate: true,
      kafka: { topic: result.topic, operation: toKafkaOperation(result.operation), allowed: true },
    };
    const key = ['kafka', address, result.serverNamespace, result.serverPodName, result.topic, result.operation, result.lastSeen];
    return { observation, repeatKey: key.join('|') };
  });
}

const KAFKA_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['read', 'consume'],
  ['write', 'produce'],
  ...[...KAFKA_OPERATIONS].flatMap(([name, constant]): [string, string][] => [
    [name.toLowerCase(), name],
    [constant.toLowerCase(), name],
  ]),
]);

/** Kafka's `Read`, the enum's `DESCRIBE_CONFIGS` and the like in the ClientIntents spelling; others stay as they are. */
function toKafkaOperation(operation: string): string {
  return KAFKA_SPELLINGS.get(operation.toLowerCase()) ?? operation;
}

export function fromIstio(results: readonly schema.IstioConnection[], now: number): CompatibleReport {
  const times = results.map((result) => parseRfc3339(result.lastSeen));
  const toOurs = clockOf(times, now);
  return collect(results, (result, index) => {
    const at = toOurs(times[index]);
    const { srcWorkload, srcWorkloadNamespace, dstWorkload, dstWorkloadNamespace, dstServiceName, path, methods } = result;
    if (at === undefined || !areTexts(srcWorkload, srcWorkloadNamespace, dstWorkload, dstWorkloadNamespace, path)) return undefined;
    const observation: Observation = {
      kind: 'http',
      vantage: 'client',
      source: { workload: { namespace: srcWorkloadNamespace, name: srcWorkload } },
      destination: {
        protocol: 'TCP',
        workload: { namespace: dstWorkloadNamespace, name: dstWorkload, ...(areTexts(dstServiceName) && { service: dstServiceName }) },
      },
      count: 1,
      firstSeenAt: at,
      lastSeenAt: at,
      approximate: true,
      http: { path, methods },
    };
    const ends = [srcWorkloadNamespace, srcWorkload, dstWorkloadNamespace, dstWorkload, dstServiceName];
    return { observation, repeatKey: ['http', ...ends, path, methods.join(), result.lastSeen].join('|') };
  });
}

export function fromAws(operations: readonly schema.AWSOperation[], now: number): CompatibleReport {
  return collect(operations, ({ resource, actions, srcIp, client }) => cloudItem('aws', resource, actions, srcIp, client, now));
}

export function fromGcp(operations: readonly schema.GCPOperation[], now: number): CompatibleReport {
  return collect(operations, ({ resource, permissions, srcIp, client }) => cloudItem('gcp', resource, permissions, srcIp, client, now));
}

export function fromAzure(operations: readonly schema.AzureOperation[], now: number): CompatibleReport {
  return collect(operations, ({ scope, actions, dataActions, clientName, clientNamespace }) =>
    cloudItem('azure', scope, [...actions, ...dataActions], null, { name: clientName, namespace: clientNamespace }, now),
  );
}

/** Cloud operations carry no time, so they count when they arrive, and a repeat cannot be told from a second call. */
function cloudItem(
  provider: 'aws' | 'gcp' | 'azure',
  resource: string,
  actions: readonly string[],
  srcIp: string | null | undefined,
  client: schema.NamespacedName | null | undefined,
  now: number,
): CompatibleItem | undefined {
  const address = srcIp == null ? undefined : canonicalAddress(srcIp);
  const hasClient = client != null && areTexts(client.name, client.namespace);
  if ((address === undefined && !hasClient) || !areTexts(resource, ...actions)) return undefined;
  return {
    observation: {
      kind: 'aws',
      vantage: 'client',
      source: {
        ...(address !== undefined && { address }),
        ...(hasClient && { workload: { namespace: client.namespace, name: client.name } }),
      },
      destination: { protocol: 'TCP' },
      count: 1,
      firstSeenAt: now,
      lastSeenAt: now,
      approximate: true,
      cloud: { provider, resource, actions },
    },
  };
}

/** Of one report; more is a fault of the reporter, and sums must stay exact. */
const MAX_BYTES = 2 ** 44;

/** Byte counts between addresses: their flows are connections that were open; the wire gives neither port nor time. */
export function fromTraffic(results: readonly schema.TrafficLevelResult[], now: number): CompatibleReport {
  return collect(results, ({ srcIP, dstIP, flows, bytesSent }) => {
    const source = canonicalAddress(srcIP);
    const destination = canonicalAddress(dstIP);
    if (source === undefined || destination === undefined || flows < 0 || bytesSent < 0) return undefined;
    const observation: Observation = {
      kind: 'socket',
      vantage: 'client',
      source: { address: source },
      destination: { protocol: 'TCP', address: destination },
      count: flows,
      bytes: Math.min(bytesSent, MAX_BYTES),
      firstSeenAt: now,
      lastSeenAt: now,
      approximate: true,
    };
    return { observation };
  });
}

function collect<T>(entries: readonly T[], toItem: (entry: T, index: number) => CompatibleItem | undefined): CompatibleReport {
  const items: CompatibleItem[] = [];
  let refused = 0;
  for (const [index, entry] of entries.entries()) {
    const item = toItem(entry, index);
    if (item === undefined) refused++;
    else items.push(item);
  }
  return { items, refused };
}

/**
 * From a reporter's instants to ours. Compatible reports do not say when they were sent, but nothing is seen after it
 * is reported: what lies in our future shows by how much the reporter's clock is ahead.
 */
function clockOf(times: readonly (number | undefined)[], now: number): (at: number | undefined) => number | undefined {
  let latest = now;
  for (const at of times) if (at !== undefined && at > latest) latest = at;
  const ahead = latest - now;
  return (at) => (at === undefined || now - (at - ahead) > MAX_AGE_MS ? undefined : at - ahead);
}

function repeatKeyOf({ kind, source, destination }: Observation, lastSeen: string): string {
  return [kind, source.address, destination.name ?? destination.address, destination.port ?? '', lastSeen].join('|');
}

function areTexts(...texts: readonly string[]): boolean {
  return texts.every((text) => text.length > 0 && text.length <= MAX_TEXT);
}
