import { compareText, edgeKey, EVIDENCE_KINDS, sortEdges } from '@nm/core';
import type { Edge, EdgePort } from '@nm/core';

export interface EdgeDifference {
  readonly before: Edge;
  readonly after: Edge;
  /** What came and went, in words: `port 443/TCP`, `evidence tcp`, `Kafka consume orders`. Sorted. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Both maps' edges in the map's order. */
export interface MapDifference {
  readonly added: readonly Edge[];
  readonly removed: readonly Edge[];
  readonly changed: readonly EdgeDifference[];
}

/**
 * What differs between two maps. Times never count as a difference and counts only when asked for: they differ between
 * any two captures of the same calls.
 */
export function diffEdges(before: readonly Edge[], after: readonly Edge[], options: { readonly counts: boolean }): MapDifference {
  const places = new Map<string, number>();
  before.forEach((edge, index) => places.set(keyOf(edge), index));
  const isMatched = new Uint8Array(before.length);
  const added: Edge[] = [];
  const changed: EdgeDifference[] = [];
  for (const edge of after) {
    const place = places.get(keyOf(edge));
    const old = place === undefined ? undefined : before[place];
    if (place === undefined || old === undefined) {
      added.push(edge);
      continue;
    }
    isMatched[place] = 1;
    const difference = compare(old, edge, options.counts);
    if (difference !== undefined) changed.push(difference);
  }
  const order = new Map(sortEdges(changed.map(({ after: edge }) => edge)).map((edge, index) => [edge, index]));
  return {
    added: sortEdges(added),
    removed: sortEdges(before.filter((_, index) => isMatched[index] === 0)),
    changed: changed.toSorted((a, b) => (order.get(a.after) ?? 0) - (order.get(b.after) ?? 0)),
  };
}

function keyOf(edge: Edge): string {
  return edgeKey(edge.client, edge.server, edge.ports[0]);
}

function compare(before: Edge, after: Edge, counts: boolean): EdgeDifference | undefined {
  if (isSame(before, after, counts)) return undefined;
  const old = new Set(facts(before, counts));
  const now = new Set(facts(after, counts));
  const added = [...now].filter((fact) => !old.has(fact)).toSorted(compareText);
  const removed = [...old].filter((fact) => !now.has(fact)).toSorted(compareText);
  return added.length === 0 && removed.length === 0 ? undefined : { before, after, added, removed };
}

/** The common case, without making words: nothing but evidence and ports, and those alike in the same order. */
function isSame(a: Edge, b: Edge, counts: boolean): boolean {
  if (a.class !== b.class || a.shared !== b.shared || a.ports.length !== b.ports.length || hasDetails(a) || hasDetails(b)) return false;
  if (!isSameEvidence(a, b, counts)) return false;
  return a.ports.every((port, index) => {
    const other = b.ports[index];
    return (
      other !== undefined &&
      port.port === other.port &&
      port.protocol === other.protocol &&
      port.service?.name === other.service?.name &&
      port.service?.namespace === other.service?.namespace
    );
  });
}

function isSameEvidence(a: Edge, b: Edge, counts: boolean): boolean {
  for (const kind of EVIDENCE_KINDS) {
    const one = a.evidence[kind];
    const other = b.evidence[kind];
    if ((one === undefined) !== (other === undefined) || (counts && one?.count !== other?.count)) return false;
  }
  return true;
}

function hasDetails(edge: Edge): boolean {
  return (
    edge.kafka !== undefined ||
    edge.http !== undefined ||
    edge.actions !== undefined ||
    edge.services !== undefined ||
    edge.names !== undefined ||
    edge.via !== undefined
  );
}

function facts(edge: Edge, counts: boolean): string[] {
  return [
    `class ${edge.class}`,
    ...(edge.shared ? ['shared with other workloads'] : []),
    ...EVIDENCE_KINDS.flatMap((kind) => {
      const one = edge.evidence[kind];
      return one === undefined ? [] : [counts ? `evidence ${kind} (${one.count})` : `evidence ${kind}`];
    }),
    ...edge.ports.map(portFact),
    ...(edge.services ?? []).map(({ namespace, name }) => `Service ${name}.${namespace}`),
    ...(edge.names ?? []).map((name) => `name ${name}`),
    ...(edge.kafka ?? []).map(
      ({ topic, operation, allowed, resourceType }) => `Kafka ${allowed ? '' : 'denied '}${operation} ${resourceType ?? 'topic'} ${topic}`,
    ),
    ...(edge.http ?? []).flatMap(({ path, methods }) =>
      methods.length === 0 ? [`HTTP ${path}`] : methods.map((method) => `HTTP ${method} ${path}`),
    ),
    ...(edge.actions ?? []).map(({ action }) => `action ${action}`),
    ...(edge.via === undefined ? [] : ['name' in edge.via ? `via ${edge.via.name}` : 'via another hop']),
  ];
}

function portFact(port: EdgePort): string {
  const service = port.service === undefined ? '' : ` of Service ${port.service.name}.${port.service.namespace}`;
  return `port ${port.port ?? 'unknown'}/${port.protocol}${service}`;
}
