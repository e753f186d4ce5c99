import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { SCHEMA_TEXT } from '@nm/api';
import { PAGE_HEADERS } from '@nm/runtime';
import { buildSchema, parse, validate } from 'graphql';
import type { UiEdge } from '../graph/ui-edge.ts';
import { toFixtureOverview, toFixtureWorkload } from './fixture-answers.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export interface FixtureServerOptions {
  /** Folder of the built page. */
  readonly folder: string;
  readonly edges: readonly UiEdge[];
  /** The clock of the pretended mapper. */
  readonly now: number;
  readonly status?: Readonly<Record<string, unknown>>;
  /** Calls that are declared and were never seen, in the form of the API. */
  readonly declared?: readonly object[];
  /** Pages of a large map wait for it. */
  readonly holdPages?: Promise<unknown>;
  /** Further files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

interface Variables {
  readonly since?: string | null;
  readonly until?: string | null;
  readonly first?: number;
  readonly after?: string | null;
  readonly id?: string;
  readonly edge?: string | null;
  readonly buckets?: number;
  readonly filter?: {
    readonly ids?: readonly string[];
    readonly namespaces?: readonly string[];
    readonly text?: string;
    readonly client?: { readonly namespaces?: readonly string[]; readonly types?: readonly string[] };
  };
  readonly workload?: { readonly namespace: string; readonly name: string };
}

/** A mapper's outside for browser tests: the built page and the part of GraphQL that it uses, from a fixture. */
export async function startFixtureServer(options: FixtureServerOptions) {
  const schema = buildSchema(SCHEMA_TEXT);
  const valid = new Map<string, string | undefined>();
  const streams = new Set<ServerResponse>();
  let edges = [...options.edges];
  let isAway = false;
  let cursor = 0;

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/query') return query(request, response);
    const extra = options.files?.[path];
    if (extra !== undefined) return void response.setHeader('content-type', 'application/json').end(extra);
    const file = join(options.folder, normalize(path === '/' ? '/index.html' : path));
    if (!file.startsWith(options.folder) || !existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  }

  async function query(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isAway) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; operationName: string; variables: Variables };
    const problem = check(body.query);
    if (problem !== undefined) {
      response.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ message: problem }] }));
      return;
    }
    if (body.operationName === 'WebChanges') return follow(response);
    if (body.operationName === 'WebSlimEdges' && body.variables.filter?.client !== undefined) await options.holdPages;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: answer(body.operationName, body.variables) }));
  }

  /** A query that the real schema refuses is refused here too. */
  function check(text: string): string | undefined {
    if (!valid.has(text)) valid.set(text, validate(schema, parse(text))[0]?.message);
    return valid.get(text);
  }

  function follow(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    streams.add(response);
    response.on('close', () => streams.delete(response));
    send(response, [], false);
  }

  function send(response: ServerResponse, changed: readonly UiEdge[], reset: boolean): void {
    cursor += 1;
    response.write(`event: next\ndata: ${JSON.stringify({ data: { changes: { cursor: String(cursor), edges: changed, reset } } })}\n\n`);
  }

  /** Answers of one question are kept, or a page of a large map would cost a pass over all of it. */
  const windows = new Map<string, UiEdge[]>();
  function inWindow(variables: Variables): UiEdge[] {
    const { client, namespaces, ids } = variables.filter ?? {};
    const key = JSON.stringify([variables.since, variables.until, client, namespaces, ids]);
    const known = windows.get(key) ?? selectEdges(variables);
    windows.set(key, known);
    return known;
  }

  function selectEdges({ since, until, filter }: Variables): UiEdge[] {
    const { ids, namespaces: either } = filter ?? {};
    if (since == null && until == null && filter?.client === undefined && ids === undefined && either === undefined) return edges;
    const from = since == null ? Number.NEGATIVE_INFINITY : Date.parse(since);
    const to = until == null ? Number.POSITIVE_INFINITY : Date.parse(until);
    const { namespaces, types } = filter?.client ?? {};
    const isIn = (peer: UiEdge['client'], names: readonly string[]): boolean => 'namespace' in peer && names.includes(peer.namespace ?? '');
    return edges.filter(({ id, client, server: other, evidence }) => {
      if (ids !== undefined && !ids.includes(id)) return false;
      if (either !== undefined && !isIn(client, either) && !isIn(other, either)) return false;
      if (namespaces !== undefined && !isIn(client, namespaces)) return false;
      if (types !== undefined && !types.includes(client.type)) return false;
      return Object.values(evidence).some(
        (item) => item !== undefined && Date.parse(item.lastSeen) >= from && Date.parse(item.firstSeen) <= to,
      );
    });
  }

  function answer(operation: string, variables: Variables): unknown {
    switch (operation) {
      case 'WebEdges':
      case 'WebSlimEdges': {
        const all = inWindow(variables);
        const start = Number(variables.after ?? 0);
        const end = Math.min(all.length, start + (variables.first ?? 100));
        return {
          edges: {
            nodes: all.slice(start, end),
            totalCount: all.length,
            window: { since: variables.since ?? null, until: variables.until ?? null },
            pageInfo: { hasNextPage: end < all.length, endCursor: String(end) },
          },
        };
      }
      case 'WebOverview':
        return { overview: toFixtureOverview(inWindow(variables), variables) };
      case 'WebDeclared': {
        const nodes = options.declared ?? [];
        return { declaredCalls: { nodes, totalCount: nodes.length, unseenCount: nodes.length } };
      }
      case 'WebWorkload':
        return toFixtureWorkload(variables.workload, options.now);
      case 'WebLabels': {
        const peers = new Map(edges.flatMap(({ client, server: other }) => [client, other]).map((peer) => [JSON.stringify(peer), peer]));
        const nodes = [...peers.values()].flatMap((peer) =>
          peer.type === 'workload' ? [{ ...peer, labels: peer.labels ?? null, outgoing: 0, incoming: 0 }] : [],
        );
        return { workloads: { nodes, pageInfo: { hasNextPage: false, endCursor: null } } };
      }
      case 'WebEdge':
        return { edge: edges.find(({ id }) => id === variables.id) ?? null };
      case 'Namespaces': {
        const names = new Set(
          edges.flatMap(({ client, server: other }) =>
            [client, other].flatMap((peer) => ('namespace' in peer ? (peer.namespace ?? []) : [])),
          ),
        );
        return { namespaces: [...names].map((name) => ({ cluster: 'main', name, environment: null })) };
      }
      case 'Activity':
        return { activity: activityOf(variables, options.now) };
      case 'Status':
        return { status: { ...healthyStatus(options.now, edges.length), ...options.status } };
      default:
        return null;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    /** Edges that the pretended mapper learns now. */
    push(changed: readonly UiEdge[]): void {
      windows.clear();
      edges = [...edges.filter(({ id }) => !changed.some((edge) => edge.id === id)), ...changed];
      for (const stream of streams) send(stream, changed, false);
    },
    /** Breaks all connections and refuses new ones until it comes back. */
    setAway(away: boolean): void {
      isAway = away;
      if (away) for (const stream of streams) stream.destroy();
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function activityOf({ since, until, buckets = 60 }: Variables, now: number): unknown {
  const end = until == null ? now : Date.parse(until);
  const start = since == null ? end - 86_400_000 : Date.parse(since);
  const bucketMs = Math.max(1, Math.round((end - start) / buckets));
  const points = Array.from({ length: buckets }, (_, index) => ({
    at: new Date(start + index * bucketMs).toISOString(),
    count: Math.round(500 + 300 * Math.sin(index / 7) + 180 * Math.sin(index * 1.9)),
  }));
  return { window: { since: new Date(start).toISOString(), until: new Date(end).toISOString() }, bucketMs, points };
}

function healthyStatus(now: number, edges: number): Readonly<Record<string, unknown>> {
  const at = new Date(now - 2_000).toISOString();
  return {
    version: '0.1.0',
    startedAt: new Date(now - 3_600_000).toISOString(),
    ready: true,
    cluster: 'main',
    clusterId: null,
    store: 'sqlite',
    edges,
    maxEdges: 200_000,
    retentionMs: 2_592_000_000,
    resetAt: null,
    waiting: 0,
    reporters: [
      {
        kind: 'sniffer',
        node: 'worker-1',
        instance: 'a',
        version: '0.1.0',
        firstSeen: at,
        lastSeen: at,
        batches: 9,
        observations: 900,
        rejected: 0,
        clockOffsetMs: 0,
        losses: {},
      },
    ],
    dropped: {},
    unresolved: {},
    losses: {},
    nodesWithoutSniffer: [],
  };
}
