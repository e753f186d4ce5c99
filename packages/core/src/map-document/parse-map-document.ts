import { AppError } from '../errors.ts';
import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Peer } from '../model/peer.ts';
import { parseRfc3339 } from './rfc3339.ts';
import { array, flag, integer, isObject, mismatch, nonEmptyText, object, oneOf, record, text } from './shape.ts';
import type { Check } from './shape.ts';
import { MAP_SCHEMA } from './types.ts';
import type { MapDocument, MapEdge } from './types.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const port = integer(0, 65_535);
const texts = array(text);

const instant: Check = (value) =>
  typeof value === 'string' && parseRfc3339(value) !== undefined ? undefined : mismatch('a time of RFC 3339 (2026-01-31T12:00:00Z)', value);

const service = object({ namespace: text, name: nonEmptyText });

const evidence = object(
  {},
  Object.fromEntries(
    EVIDENCE_KINDS.map((kind) => [kind, object({ count, firstSeen: instant, lastSeen: instant }, { approximate: flag })] as const),
  ),
);

const cloud = object({ resource: nonEmptyText }, { service: text, account: text, region: text });
const cluster = { cluster: text };

const PEERS: Readonly<Record<Peer['type'], Check>> = {
  workload: object({ namespace: nonEmptyText, name: nonEmptyText }, { ...cluster, kind: text, labels: record(text) }),
  service: object({ namespace: nonEmptyText, name: nonEmptyText }, { ...cluster, addresses: texts }),
  internet: object({}, { domain: nonEmptyText, addresses: texts, addressCount: count, scope: oneOf(['public', 'private']) }),
  apiServer: object({}, cluster),
  node: object({ name: nonEmptyText }, cluster),
  aws: cloud,
  gcp: cloud,
  azure: cloud,
  unknown: object({}, { ...cluster, address: text, reason: text }),
};
const peerType = oneOf(Object.keys(PEERS));

const peer: Check = (value) => {
  if (!isObject(value)) return mismatch('an object', value);
  const type = value['type'];
  const problem = peerType(type);
  return problem === undefined ? PEERS[type as Peer['type']](value) : { path: '.type', message: problem.message };
};

const mapPort = object({ protocol: oneOf(['TCP', 'UDP', 'SCTP', 'HBONE']) }, { port, service, servicePort: port, evidence });

const edge = object(
  { client: peer, server: peer },
  {
    class: oneOf(['app', 'system']),
    shared: flag,
    evidence,
    ports: array(mapPort),
    services: array(service),
    names: texts,
    kafka: array(object({ topic: text, operation: nonEmptyText, allowed: flag }, { resourceType: text, principal: text })),
    http: array(object({ path: text, methods: texts })),
    actions: array(object({ action: nonEmptyText, count })),
    via: peer,
  },
);

const document = object({ generatedAt: instant, edges: array(edge) }, { window: object({}, { since: instant, until: instant }) });

/**
 * Checks a parsed JSON value against the map file's form (docs/map-file.md). Fields that this version does not know
 * are ignored; fields that may be absent get their plain value (class app, not shared, no evidence, no ports).
 * @throws AppError MAP_INVALID with the JSON path of the first mistake.
 */
export function parseMapDocument(json: unknown): MapDocument {
  if (!isObject(json)) throw invalid('', mismatch(`a map file (an object with "schema": "${MAP_SCHEMA}")`, json).message);
  const schema = json['schema'];
  if (schema !== MAP_SCHEMA) {
    throw invalid(
      'schema',
      `this version reads "${MAP_SCHEMA}", ${schema === undefined ? 'the file names none' : mismatch('it', schema).message.replace(/^.*, /, '')}`,
    );
  }
  const problem = document(json);
  if (problem !== undefined) throw invalid(problem.path.replace(/^\./, ''), problem.message);
  const checked = json as unknown as MapDocument;
  return {
    schema: MAP_SCHEMA,
    generatedAt: checked.generatedAt,
    window: (checked.window as MapDocument['window'] | undefined) ?? {},
    edges: checked.edges.map(withDefaults),
  };
}

/** A map edge as it may stand in a file: everything that has a plain value may be absent. */
type WrittenEdge = Partial<MapEdge> & Pick<MapEdge, 'client' | 'server'>;

function withDefaults(written: WrittenEdge): MapEdge {
  if (isComplete(written)) return written;
  const ports = written.ports ?? [];
  return {
    ...written,
    client: withPeerDefaults(written.client),
    server: withPeerDefaults(written.server),
    class: written.class ?? 'app',
    shared: written.shared ?? false,
    evidence: written.evidence ?? {},
    ports: ports.every(hasEvidence)
      ? ports
      : (ports.map((one) => (hasEvidence(one) ? one : { ...(one as object), evidence: {} })) as MapEdge['ports']),
    ...(written.via !== undefined && { via: withPeerDefaults(written.via) }),
  };
}

/** Whether nothing has to be added: so it is with files that we wrote. */
function isComplete(written: WrittenEdge): written is MapEdge {
  return (
    written.class !== undefined &&
    written.shared !== undefined &&
    written.evidence !== undefined &&
    written.ports?.every(hasEvidence) === true &&
    [written.client, written.server, written.via].every((peer) => peer === undefined || withPeerDefaults(peer) === peer)
  );
}

function hasEvidence(one: { readonly evidence?: unknown }): boolean {
  return one.evidence !== undefined;
}

/** The cluster's name in a map that names none (its option's default). */
const DEFAULT_CLUSTER = 'default';

function withPeerDefaults(written: Partial<Peer> & Pick<Peer, 'type'>): Peer {
  const peer = written as Peer;
  switch (peer.type) {
    case 'workload':
      return isGiven(peer.cluster) && isGiven(peer.kind)
        ? peer
        : { ...peer, cluster: peer.cluster ?? DEFAULT_CLUSTER, kind: peer.kind ?? '' };
    case 'service':
    case 'apiServer':
    case 'node':
    case 'unknown':
      return isGiven(peer.cluster) ? peer : { ...peer, cluster: DEFAULT_CLUSTER };
    case 'internet':
      return isGiven(peer.scope) ? peer : { ...peer, scope: 'public' };
    case 'aws':
    case 'gcp':
    case 'azure':
      return peer;
  }
}

/** False for a field that the type promises but the file left out. */
function isGiven(value: unknown): boolean {
  return value !== undefined;
}

function invalid(path: string, reason: string): AppError<'MAP_INVALID'> {
  return new AppError('MAP_INVALID', path === '' ? reason : `${path}: ${reason}`, { fields: { path } });
}
