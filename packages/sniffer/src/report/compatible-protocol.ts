import type { Observation } from '@nm/core';
import { parseGraphqlAnswer, retryAfterMs } from './report-protocol.ts';
import type { ReportMessage, ReportOutcome, ReportProtocol } from './report-protocol.ts';

interface Destination {
  readonly destination: string;
  readonly destinationIP: string | null;
  readonly destinationPort: number | null;
  readonly TTL: number | null;
  readonly lastSeen: string;
  readonly srcPorts: null;
}

interface Payload {
  readonly mutation: string;
  readonly results: readonly { readonly srcIp: string; readonly srcHostname: string; readonly destinations: readonly Destination[] }[];
}

/** Mutations of the old mapper by kind of evidence, each with its input type. */
const MUTATIONS: Readonly<Partial<Record<Observation['kind'], { readonly name: string; readonly input: string }>>> = {
  dns: { name: 'reportCaptureResults', input: 'CaptureResults' },
  tcp: { name: 'reportTCPCaptureResults', input: 'CaptureTCPResults' },
  socket: { name: 'reportSocketScanResults', input: 'SocketScanResults' },
};
const INPUT_TYPES: ReadonlyMap<string, string> = new Map(Object.values(MUTATIONS).map(({ name, input }) => [name, input]));
const MAX_ROWS = 5_000;

/** Reports to an old mapper: no counts, no ports of pods, no sequence; a repeat is harmless there. */
export function createCompatibleProtocol(): ReportProtocol {
  let byMutation = new Map<string, Map<string, Destination[]>>();
  let size = 0;
  return {
    sendsEmpty: false,
    get size() {
      return size;
    },
    add(observation) {
      if (size >= MAX_ROWS) return false;
      const mutation = MUTATIONS[observation.kind]?.name;
      const { address } = observation.source;
      const destination = toDestination(observation);
      // What the old mapper has no place for (connected UDP) is left out.
      if (mutation === undefined || address === undefined || destination === undefined) return true;
      const bySource = byMutation.get(mutation) ?? new Map<string, Destination[]>();
      byMutation.set(mutation, bySource);
      const list = bySource.get(address) ?? [];
      bySource.set(address, list);
      list.push(destination);
      size += 1;
      return true;
    },
    finish(_reporter, nextSequence) {
      const messages: ReportMessage[] = [];
      for (const [mutation, bySource] of byMutation) {
        const results = [...bySource].map(([srcIp, destinations]) => ({ srcIp, srcHostname: '', destinations }));
        const rows = results.reduce((sum, { destinations }) => sum + destinations.length, 0);
        messages.push({ sequence: nextSequence(), rows, payload: { mutation, results } satisfies Payload });
      }
      byMutation = new Map();
      size = 0;
      return messages;
    },
    toBody(payload) {
      const { mutation, results } = payload as Payload;
      const input = INPUT_TYPES.get(mutation) ?? 'CaptureResults';
      const query = `mutation ${mutation}($results: ${input}!) { ${mutation}(results: $results) }`;
      return JSON.stringify({ query, operationName: mutation, variables: { results: { results } } });
    },
    readAnswer(answer, now): ReportOutcome {
      const parsed = parseGraphqlAnswer(answer.body);
      const afterMs = retryAfterMs(answer.retryAfter, now);
      if (answer.status === 422 || answer.status === 400) return { kind: 'refused', reason: 'invalid' };
      if (answer.status !== 200 || parsed?.data === undefined)
        return { kind: 'later', afterMs, reason: parsed?.error?.message ?? `HTTP ${answer.status}` };
      // False: its queue is full.
      if (!Object.values(parsed.data).every((value) => value === true)) return { kind: 'later', afterMs, reason: 'the mapper is busy' };
      return { kind: 'stored', rejected: {}, retryAfterMs: 0, settings: undefined };
    },
  };
}

function toDestination(observation: Observation): Destination | undefined {
  const { destination, kind, lastSeenAt } = observation;
  const lastSeen = new Date(lastSeenAt).toISOString();
  if (kind === 'dns') {
    if (destination.name === undefined) return undefined;
    return {
      destination: destination.name,
      destinationIP: destination.addresses?.[0] ?? null,
      destinationPort: null,
      TTL: null,
      lastSeen,
      srcPorts: null,
    };
  }
  // The old mapper looks Services up itself: it wants what the client asked for.
  const address = destination.asked?.address ?? destination.address;
  const port = destination.asked?.port ?? destination.port;
  if (address === undefined) return undefined;
  return { destination: address, destinationIP: address, destinationPort: port ?? null, TTL: null, lastSeen, srcPorts: null };
}
