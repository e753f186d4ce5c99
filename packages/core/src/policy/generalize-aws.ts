import { sortEdges } from '../map-document/sort-edges.ts';
import type { CloudAccess, Edge, Evidence, EvidenceMap } from '../model/edge.ts';
import { EVIDENCE_KINDS } from '../model/edge.ts';
import { peerKey } from '../model/peer.ts';

/** How finely objects of S3 are told apart: all of a bucket, those under a prefix (up to the last slash of the key), each. */
export const AWS_RESOURCE_LEVELS = ['bucket', 'prefix', 'object'] as const;
export type AwsResourceLevel = (typeof AWS_RESOURCE_LEVELS)[number];

/** Objects of buckets, and of access points of a Region, of several, and of Outposts (Service Authorization Reference, S3). */
const OBJECT =
  /^(?<place>arn:[^:]+:s3:::[^/]+|arn:[^:]+:s3(?:-outposts)?:[^:]*:[^:]*:(?:outpost\/[^/]+\/)?accesspoint\/[^/]+\/object)\/(?<key>.+)$/s;

/** The resource that stands for an ARN at that level; other resources than objects stay as they are. */
export function generalizeAwsResource(resource: string, level: AwsResourceLevel): string {
  const { place, key } = OBJECT.exec(resource)?.groups ?? {};
  if (level === 'object' || place === undefined || key === undefined) return resource;
  return level === 'bucket' ? `${place}/*` : `${place}/${key.slice(0, key.lastIndexOf('/') + 1)}*`;
}

/** Edges whose AWS resources are told at that level: those of a client that then are one become one, their counts added. */
export function generalizeAwsEdges(edges: readonly Edge[], level: AwsResourceLevel): readonly Edge[] {
  if (level === 'object') return edges;
  const kept: Edge[] = [];
  const merged = new Map<string, Edge>();
  for (const edge of edges) {
    const { client, server } = edge;
    const resource = server.type === 'aws' ? generalizeAwsResource(server.resource, level) : undefined;
    if (server.type !== 'aws' || resource === undefined) {
      kept.push(edge);
      continue;
    }
    const general: Edge = resource === server.resource ? edge : { ...edge, server: { ...server, resource } };
    const key = `${peerKey(client)} ${resource} ${edge.class}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? general : mergeEdges(known, general));
  }
  return sortEdges([...kept, ...merged.values()]);
}

function mergeEdges(a: Edge, b: Edge): Edge {
  const actions = mergeActions(a.actions ?? [], b.actions ?? []);
  return { ...a, evidence: mergeEvidence(a.evidence, b.evidence), ...(actions.length === 0 ? {} : { actions }) };
}

function mergeActions(a: readonly CloudAccess[], b: readonly CloudAccess[]): CloudAccess[] {
  const counts = new Map<string, number>();
  for (const { action, count } of [...a, ...b]) counts.set(action, (counts.get(action) ?? 0) + count);
  return [...counts].map(([action, count]) => ({ action, count })).toSorted((x, y) => (x.action < y.action ? -1 : 1));
}

function mergeEvidence(a: EvidenceMap, b: EvidenceMap): EvidenceMap {
  return Object.fromEntries(
    EVIDENCE_KINDS.flatMap((kind) => {
      const [one, two] = [a[kind], b[kind]];
      const both = one === undefined ? two : two === undefined ? one : addEvidence(one, two);
      return both === undefined ? [] : [[kind, both]];
    }),
  );
}

function addEvidence(a: Evidence, b: Evidence): Evidence {
  return {
    count: a.count + b.count,
    firstSeenAt: Math.min(a.firstSeenAt, b.firstSeenAt),
    lastSeenAt: Math.max(a.lastSeenAt, b.lastSeenAt),
    ...(a.approximate === true || b.approximate === true ? { approximate: true } : {}),
  };
}
