/** What the tests read of an edge (packages/api/schema.graphql). */
export interface LivePeer {
  readonly type: string;
  readonly namespace?: string | null;
  readonly name?: string | null;
  readonly kind?: string | null;
  readonly domain?: string | null;
  readonly addresses?: readonly string[] | null;
  readonly address?: string | null;
}

export interface LiveEvidence {
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface LiveEdge {
  readonly client: LivePeer;
  readonly server: LivePeer;
  readonly class: string;
  readonly shared: boolean;
  readonly evidence: Readonly<Record<string, LiveEvidence | null>>;
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: string;
    readonly evidence: Readonly<Record<string, LiveEvidence | null>>;
  }[];
}

const PEER = 'type namespace name kind domain addresses address';
const EVIDENCE = 'dns { count firstSeen lastSeen } tcp { count firstSeen lastSeen } socket { count firstSeen lastSeen }';
const EDGES = `query($after: String, $filter: EdgeFilter) {
  edges(first: 1000, after: $after, filter: $filter) {
    nodes { client { ${PEER} } server { ${PEER} } class shared evidence { ${EVIDENCE} } ports { port protocol evidence { ${EVIDENCE} } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** Everything in the map of a mapper, page by page. */
export async function readEdges(url: string, filter: object = { includeSystem: true, includeUnknown: true }): Promise<LiveEdge[]> {
  const found: LiveEdge[] = [];
  for (let after: string | null = null; ;) {
    const page: { edges: Connection } = await ask(url, EDGES, { after, filter });
    found.push(...page.edges.nodes);
    if (!page.edges.pageInfo.hasNextPage) return found;
    after = page.edges.pageInfo.endCursor;
  }
}

interface Connection {
  readonly nodes: readonly LiveEdge[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** One query or mutation; throws what the mapper answers instead of data. */
export async function ask<T>(url: string, query: string, variables: object = {}): Promise<T> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  const answer = JSON.parse(text) as { data?: T | null; errors?: unknown };
  if (answer.errors !== undefined || answer.data === null || answer.data === undefined)
    throw new Error(`${response.status}: ${text.slice(0, 500)}`);
  return answer.data;
}

/** `shop/front`, `internet api.example.com`, `node node-1`: a peer in one word or two. */
export function peerName(peer: LivePeer): string {
  if (peer.type === 'workload') return `${peer.namespace}/${peer.name}`;
  if (peer.type === 'service') return `service ${peer.namespace}/${peer.name}`;
  if (peer.type === 'internet') return `internet ${peer.domain ?? (peer.addresses ?? []).join(',')}`;
  return `${peer.type} ${peer.name ?? peer.address ?? ''}`.trim();
}

/** `client -> server` */
export function edgeKey(edge: LiveEdge): string {
  return `${peerName(edge.client)} -> ${peerName(edge.server)}`;
}

/** Times that anything was seen of an edge, all kinds of evidence together. */
export function countOf(edge: LiveEdge | undefined): number {
  return Object.values(edge?.evidence ?? {}).reduce((sum, evidence) => sum + (evidence?.count ?? 0), 0);
}

/** `client -> server :port,port tcp x3+socket x1`: an edge for a message. */
export function edgeLine(edge: LiveEdge): string {
  const kinds = Object.entries(edge.evidence).flatMap(([kind, evidence]) => (evidence ? `${kind} x${evidence.count}` : []));
  const ports = edge.ports.map(({ port }) => port).join(',');
  return `${edgeKey(edge)}${ports === '' ? '' : ` :${ports}`} ${kinds.join('+')}`;
}
