import type { Operation, schema } from '@nm/api';

const PEER =
  'type cluster namespace name kind environment domain addresses addressCount scope resource service account region address reason';
const EVIDENCE = ['dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws']
  .map((kind) => `${kind} { count firstSeen lastSeen approximate }`)
  .join(' ');
const PROTECTION =
  'protection { intents network { state policies caveats serverSelected exceptions { port protocol state } } mesh { state policies caveats } }';

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

export const WEB_OVERVIEW: Operation<{ readonly overview: schema.Overview }, schema.QueryOverviewArgs> = {
  name: 'WebOverview',
  text: `query WebOverview($filter: EdgeFilter, $since: Time, $until: Time, $first: Int) {
  overview(filter: $filter, since: $since, until: $until, first: $first) {
    groups { id type cluster namespace environment scope peers workloads kinds lastSeen }
    links { client server edges evidence lookedUpOnly firstSeen lastSeen protection { network mesh intents } }
    linkCount edgeCount window { since until }
  }
}`,
};

export const WEB_DECLARED: Operation<{ readonly declaredCalls: schema.DeclaredCalls }, schema.QueryDeclaredCallsArgs> = {
  name: 'WebDeclared',
  text: `query WebDeclared($unseen: Boolean, $first: Int) { declaredCalls(unseen: $unseen, first: $first) {
  nodes { intents client { ${PEER} } server { ${PEER} } topics ports state } totalCount unseenCount
} }`,
};

export const WEB_LABELS: Operation<{ readonly workloads: schema.WorkloadConnection }, schema.QueryWorkloadsArgs> = {
  name: 'WebLabels',
  text: `query WebLabels($first: Int, $after: String) { workloads(first: $first, after: $after) {
  nodes { cluster namespace name kind labels } pageInfo { hasNextPage endCursor }
} }`,
};

export const WEB_WORKLOAD: Operation<
  { readonly pods: readonly schema.Pod[]; readonly workloads: schema.WorkloadConnection },
  { readonly workload: schema.WorkloadSelector; readonly filter: schema.WorkloadFilter }
> = {
  name: 'WebWorkload',
  text: `query WebWorkload($workload: WorkloadSelector!, $filter: WorkloadFilter) {
  pods(workload: $workload) { name node addresses phase ready createdAt }
  workloads(filter: $filter, first: 50) { nodes {
    cluster namespace name kind protection { state ingress egress mesh intents hostNetwork }
  } }
}`,
};

export const WEB_CHANGES: Operation<{ readonly changes: schema.Changes }, schema.SubscriptionChangesArgs> = {
  name: 'WebChanges',
  text: `subscription WebChanges($filter: EdgeFilter, $after: String) { changes(filter: $filter, after: $after) { cursor reset edges { ${FULL} } } }`,
};
