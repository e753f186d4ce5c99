import type { Operation, schema } from '@nm/api';

const PEER =
  'type cluster namespace name kind environment domain addresses addressCount scope resource service account region address reason';
const EVIDENCE = ['dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws']
  .map((kind) => `${kind} { count firstSeen lastSeen approximate }`)
  .join(' ');
const PROTECTION = 'protection { intents network { state policies caveats exceptions { port protocol state } } mesh { state policies } }';

/** What the picture, the filters and the table need; the rest is asked for when an edge is opened. */
const SLIM = `id class shared names client { ${PEER} } server { ${PEER} } evidence { ${EVIDENCE} }
  ports { port protocol servicePort service { namespace name } } services { namespace name }
  kafka { topic operation allowed resourceType principal } http { path methods } actions { action count } ${PROTECTION}`;
const FULL = `id class shared names client { labels ${PEER} } server { labels ${PEER} } via { ${PEER} } evidence { ${EVIDENCE} }
  ports { port protocol servicePort service { namespace name } evidence { ${EVIDENCE} } } services { namespace name }
  kafka { topic operation allowed resourceType principal } http { path methods } actions { action count } ${PROTECTION}`;

function edgesOperation(name: string, fields: string): Operation<{ readonly edges: schema.EdgeConnection }, schema.QueryEdgesArgs> {
  return {
    name,
    text: `query ${name}($filter: EdgeFilter, $since: Time, $until: Time, $first: Int, $after: String) {
  edges(filter: $filter, since: $since, until: $until, first: $first, after: $after) {
    totalCount window { since until } pageInfo { hasNextPage endCursor } nodes { ${fields} }
  }
}`,
  };
}

export const FULL_EDGES = edgesOperation('WebEdges', FULL);
/** Without labels and evidence per port: half the size, for maps of many thousand edges. */
export const SLIM_EDGES = edgesOperation('WebSlimEdges', SLIM);

export const WEB_EDGE: Operation<{ readonly edge: schema.Edge | null }, schema.QueryEdgeArgs> = {
  name: 'WebEdge',
  text: `query WebEdge($id: ID!, $since: Time, $until: Time) { edge(id: $id, since: $since, until: $until) { ${FULL} } }`,
};

export const WEB_CHANGES: Operation<{ readonly changes: schema.Changes }, schema.SubscriptionChangesArgs> = {
  name: 'WebChanges',
  text: `subscription WebChanges($filter: EdgeFilter, $after: String) { changes(filter: $filter, after: $after) { cursor reset edges { ${FULL} } } }`,
};
