import type {
  Activity,
  Changes,
  DeclaredCalls,
  EdgeConnection,
  Intent,
  Namespace,
  Overview,
  QueryActivityArgs,
  QueryDeclaredCallsArgs,
  QueryEdgesArgs,
  QueryIntentsArgs,
  QueryNamespacesArgs,
  QueryOverviewArgs,
  QueryWorkloadsArgs,
  Status,
  SubscriptionChangesArgs,
  WorkloadConnection,
} from '../generated/schema-types.ts';
import type { ReportAnswer, ReportBatch } from '../report/format.ts';

/** A GraphQL operation with the types of its answer and its variables. */
export interface Operation<Result, Variables> {
  readonly name: string;
  readonly text: string;
  /** Never set; carries the types. */
  readonly types?: { readonly result: Result; readonly variables: Variables };
}

const PEER = `fragment PeerFields on Peer { type cluster namespace name kind labels environment domain addresses addressCount scope resource service account region address reason }`;
const EVIDENCE = `fragment EvidenceFields on EvidenceMap { ${['dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws']
  .map((kind) => `${kind} { count firstSeen lastSeen approximate }`)
  .join(' ')} }`;
const EDGE = `${PEER} ${EVIDENCE} fragment EdgeFields on Edge {
  id class shared names firstSeen lastSeen
  client { ...PeerFields } server { ...PeerFields } via { ...PeerFields }
  evidence { ...EvidenceFields }
  ports { port protocol servicePort service { namespace name } evidence { ...EvidenceFields } }
  services { namespace name }
  kafka { topic operation allowed resourceType principal }
  http { path methods }
  actions { action count }
}`;
const PAGE = `pageInfo { hasNextPage endCursor }`;

/** All fields of a page of edges. */
export const EDGES: Operation<{ readonly edges: EdgeConnection }, QueryEdgesArgs> = {
  name: 'Edges',
  text: `query Edges($filter: EdgeFilter, $since: Time, $until: Time, $first: Int, $after: String) {
  edges(filter: $filter, since: $since, until: $until, first: $first, after: $after) { nodes { ...EdgeFields } ${PAGE} totalCount window { since until } }
} ${EDGE}`,
};

/** The map by groups of peers, for maps too large to be shown edge by edge. */
export const OVERVIEW: Operation<{ readonly overview: Overview }, QueryOverviewArgs> = {
  name: 'Overview',
  text: `query Overview($filter: EdgeFilter, $since: Time, $until: Time, $first: Int) {
  overview(filter: $filter, since: $since, until: $until, first: $first) {
    groups { id type cluster namespace environment scope peers workloads kinds lastSeen servers { protected open } }
    links { client server edges evidence lookedUpOnly firstSeen lastSeen protection { network mesh intents } }
    linkCount edgeCount window { since until }
  }
}`,
};

/** What ClientIntents declare, and whether it was seen. */
export const DECLARED_CALLS: Operation<{ readonly declaredCalls: DeclaredCalls }, QueryDeclaredCallsArgs> = {
  name: 'DeclaredCalls',
  text: `query DeclaredCalls($namespaces: [String!], $unseen: Boolean, $first: Int) {
  declaredCalls(namespaces: $namespaces, unseen: $unseen, first: $first) {
    nodes { intents client { ...PeerFields } server { ...PeerFields } topics ports state } totalCount unseenCount
  }
} ${PEER}`,
};

export const WORKLOADS: Operation<{ readonly workloads: WorkloadConnection }, QueryWorkloadsArgs> = {
  name: 'Workloads',
  text: `query Workloads($filter: WorkloadFilter, $first: Int, $after: String) {
  workloads(filter: $filter, first: $first, after: $after) { nodes { cluster namespace name kind labels environment outgoing incoming lastSeen } ${PAGE} }
}`,
};

export const NAMESPACES: Operation<{ readonly namespaces: readonly Namespace[] }, QueryNamespacesArgs> = {
  name: 'Namespaces',
  text: `query Namespaces($clusters: [String!]) { namespaces(clusters: $clusters) { cluster name environment } }`,
};

export const ACTIVITY: Operation<{ readonly activity: Activity }, QueryActivityArgs> = {
  name: 'Activity',
  text: `query Activity($filter: EdgeFilter, $edge: ID, $since: Time, $until: Time, $buckets: Int) {
  activity(filter: $filter, edge: $edge, since: $since, until: $until, buckets: $buckets) { window { since until } bucketMs points { at count } }
}`,
};

export const STATUS: Operation<{ readonly status: Status }, Record<never, never>> = {
  name: 'Status',
  text: `query Status { status {
  version startedAt ready cluster clusterId store edges maxEdges retentionMs resetAt waiting dropped unresolved losses nodesWithoutSniffer
  reporters { kind node instance version firstSeen lastSeen batches observations rejected clockOffsetMs losses }
} }`,
};

export const RESET: Operation<{ readonly resetCapture: boolean }, Record<never, never>> = {
  name: 'ResetCapture',
  text: `mutation ResetCapture { resetCapture }`,
};

export const HEALTH: Operation<{ readonly health: boolean }, Record<never, never>> = {
  name: 'Health',
  text: `query Health { health }`,
};

export const REPORT: Operation<{ readonly report: ReportAnswer }, { readonly batch: ReportBatch }> = {
  name: 'Report',
  text: `mutation Report($batch: ReportBatch!) { report(batch: $batch) { stored rejected { index code } retryAfterMs settings { dnsPorts reportIntervalMs } } }`,
};

/** The compatible view; every mapper answers it. */
export const INTENTS: Operation<{ readonly intents: readonly Intent[] }, QueryIntentsArgs> = {
  name: 'Intents',
  text: `query Intents($namespaces: [String!], $includeLabels: [String!], $excludeServiceWithLabels: [String!], $server: ServerFilter) {
  intents(namespaces: $namespaces, includeLabels: $includeLabels, excludeServiceWithLabels: $excludeServiceWithLabels, server: $server) {
    client { ...Identity } server { ...Identity } type kafkaTopics { name operations } httpResources { path methods } awsActions
  }
} fragment Identity on OtterizeServiceIdentity { name namespace labels { key value } podOwnerKind { group version kind } kubernetesService }`,
};

export const CHANGES: Operation<{ readonly changes: Changes }, SubscriptionChangesArgs> = {
  name: 'Changes',
  text: `subscription Changes($filter: EdgeFilter, $after: String) { changes(filter: $filter, after: $after) { cursor reset edges { ...EdgeFields } } } ${EDGE}`,
};
