import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { createObjectStore } from './object-store.ts';
import type { FakeObject } from './object-store.ts';
import { createPodLogs } from './pod-logs.ts';
import type { PodLogs } from './pod-logs.ts';
import { DEFAULT_RESOURCES, apiVersionOf, parseResourcePath } from './resource-table.ts';
import type { FakeResource, ResourcePath } from './resource-table.ts';
import { discoveryAnswer } from './discovery.ts';
import { matchesSelectors } from './selectors.ts';
import { acceptWebSocket, serveExec } from './web-socket.ts';
import type { ExecOutcome } from './web-socket.ts';
import { createWatchHub, status } from './watch-hub.ts';
import type { WatchHub } from './watch-hub.ts';

export interface FakeApiServerOptions {
  /** Bearer token that every request needs; any request is good without it. */
  readonly token?: string;
  /** Kinds besides those of a plain cluster. */
  readonly resources?: readonly FakeResource[];
  /** Plurals that are not served at all. */
  readonly without?: readonly string[];
  readonly now?: () => number;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a POST to a collection, e.g. `tokenreviews`; gets the body, gives the answer. */
export type CreateHook = (body: unknown, path: string) => unknown;

/**
 * An API server over real HTTP on a free port of 127.0.0.1, with everything that goes wrong with real ones on request.
 * For tests; it stores what it is given and checks nothing.
 */
export interface FakeApiServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Adds or replaces; UID, times and resourceVersion are filled in. */
  put(object: FakeObject): FakeObject;
  remove(kind: string, namespace: string | undefined, name: string): void;
  /** Current resourceVersion. */
  version(): string;
  /** Forgets old versions: watches and pages that go on from before get 410. */
  compact(): void;
  plant(fault: Fault): void;
  pendingFaults(): number;
  /** 403 for a plural until allowed again. */
  forbid(plural: string): void;
  allow(plural: string): void;
  readonly watches: WatchHub;
  resource(kind: string): FakeResource;
  /** Logs by `namespace/pod/container`; without a container named, `namespace/pod/`. */
  readonly logs: PodLogs;
  onCreate(plural: string, hook: CreateHook): void;
  /** What a port-forward to a pod connects to; without it port-forwards are refused. */
  onPortForward(connect: (target: { readonly namespace: string; readonly pod: string; readonly port: number }) => Duplex): void;
  /** What commands in containers do; without it exec is refused. */
  onExec(
    run: (target: {
      readonly namespace: string;
      readonly pod: string;
      readonly container: string;
      readonly command: readonly string[];
    }) => ExecOutcome,
  ): void;
  /** A kubeconfig for it, as text. */
  kubeconfig(): string;
  close(): Promise<void>;
}

/** Requests that are remembered; older ones are forgotten. */
const MAX_REQUESTS = 10_000;

export async function createFakeApiServer(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
  const now = options.now ?? Date.now;
  const resources = [...DEFAULT_RESOURCES, ...(options.resources ?? [])].filter(
    (resource) => options.without?.includes(resource.plural) !== true,
  );
  const store = createObjectStore(now);
  const watches = createWatchHub(store);
  const faults = createFaults();
  const logs = createPodLogs(now);
  const hooks = new Map<string, CreateHook>();
  const forbidden = new Set<string>();
  const requests: SeenRequest[] = [];
  let portForward: Parameters<FakeApiServer['onPortForward']>[0] | undefined;
  let exec: Parameters<FakeApiServer['onExec']>[0] | undefined;
  const kindOf = (kind: string): FakeResource => {
    const found = resources.find((resource) => resource.kind === kind);
    if (found === undefined) throw new Error(`the fake API server does not serve ${kind}`);
    return found;
  };

  const answer = (response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

  const list = (target: ResourcePath, query: URLSearchParams, accept: string, response: ServerResponse): void => {
    const isPartial = accept.includes('as=PartialObjectMetadata');
    const toJson = isPartial ? partial : (object: FakeObject): unknown => object;
    if (['1', 'true'].includes(query.get('watch') ?? '')) {
      watches.open(target.resource, target.namespace, query, toJson, response);
      return;
    }
    const page = pageOf(query.get('continue'));
    if (page.version !== undefined && page.version < store.compactedAt()) {
      answer(response, 410, status(410, 'The provided continue parameter is too old'));
      return;
    }
    const all = store.list(target.resource, target.namespace).filter((object) => matchesSelectors(object, query));
    const limit = Number(query.get('limit') ?? 0) || all.length;
    const items = all.slice(page.offset, page.offset + limit);
    const remaining = all.length - page.offset - items.length;
    const version = page.version ?? store.version();
    const next =
      remaining > 0
        ? { continue: Buffer.from(`${version} ${page.offset + items.length}`).toString('base64'), remainingItemCount: remaining }
        : {};
    // Items of a typed list carry no kind of their own.
    const strip = (object: FakeObject): unknown => (isPartial ? partial(object) : { ...object, kind: undefined, apiVersion: undefined });
    const head = isPartial
      ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }
      : { kind: `${target.resource.kind}List`, apiVersion: apiVersionOf(target.resource) };
    answer(response, 200, { ...head, metadata: { resourceVersion: String(version), ...next }, items: items.map(strip) });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const path = url.pathname;
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`)
      return answer(response, 401, status(401, 'Unauthorized'));
    const found = discoveryAnswer(resources, path);
    if (found !== undefined && request.method === 'GET') return answer(response, 200, found);
    const plural = path.split('/').at(-1) ?? '';
    const hook = hooks.get(plural);
    if (request.method === 'POST' && hook !== undefined) return answer(response, 201, hook(await readBody(request), path));
    const target = parseResourcePath(resources, path);
    if (target === undefined) return answer(response, 404, '404 page not found\n');
    if (forbidden.has(target.resource.plural))
      return answer(
        response,
        403,
        status(
          403,
          `${target.resource.plural} is forbidden: User "test" cannot ${request.method === 'GET' ? 'list' : 'write'} resource "${target.resource.plural}"`,
        ),
      );
    if (target.name === undefined && request.method === 'GET')
      return list(target, url.searchParams, request.headers.accept ?? '', response);
    if (target.name === undefined && request.method === 'POST')
      return answer(response, 201, store.put(target.resource, (await readBody(request)) as FakeObject));
    const object = target.name === undefined ? undefined : store.get(target.resource, target.namespace, target.name);
    if (object === undefined) return answer(response, 404, status(404, `${target.resource.plural} "${target.name ?? ''}" not found`));
    if (target.subresource === 'log') {
      logs.serve(`${target.namespace ?? ''}/${target.name ?? ''}/${url.searchParams.get('container') ?? ''}`, url.searchParams, response);
      return;
    }
    if (request.method === 'PUT') {
      const given = (await readBody(request)) as FakeObject;
      const version = given.metadata.resourceVersion;
      if (version !== undefined && version !== store.get(target.resource, target.namespace, object.metadata.name)?.metadata.resourceVersion)
        return answer(response, 409, status(409, `the object has been modified; please apply your changes to the latest version`));
      return answer(response, 200, store.put(target.resource, given));
    }
    if (request.method === 'DELETE') store.remove(target.resource, target.namespace, object.metadata.name);
    answer(response, 200, object);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
    });
    if (requests.length > MAX_REQUESTS) requests.shift();
    const fault = faults.take(request, url);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.drop === true) return void request.socket.destroy();
    if (fault?.hang === true) return;
    if (fault?.status !== undefined || fault?.body !== undefined) {
      const code = fault.status ?? 200;
      const headers = fault.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(fault.retryAfterSeconds) };
      return answer(response, code, fault.body ?? status(code, 'planted'), headers);
    }
    return serve(request, response, url);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => answer(response, 500, status(500, String(error))));
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    const url = new URL(request.url ?? '/', 'http://fake');
    requests.push({ method: 'UPGRADE', url: request.url ?? '', path: url.pathname, query: url.searchParams, headers: request.headers });
    const target = parseResourcePath(resources, url.pathname);
    if (target?.subresource === 'exec' && exec !== undefined) {
      const { searchParams } = url;
      const container = searchParams.get('container') ?? '';
      void serveExec(
        request,
        socket,
        exec({ namespace: target.namespace ?? '', pod: target.name ?? '', container, command: searchParams.getAll('command') }),
      );
      return;
    }
    if (target?.subresource !== 'portforward' || portForward === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const port = Number(url.searchParams.get('ports'));
    acceptWebSocket(request, socket, port, portForward({ namespace: target.namespace ?? '', pod: target.name ?? '', port }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    watches,
    logs,
    put: (object) => store.put(kindOf(object.kind), object),
    remove: (kind, namespace, name) => void store.remove(kindOf(kind), namespace, name),
    version: () => String(store.version()),
    compact: () => store.compact(),
    plant: (fault) => faults.plant(fault),
    pendingFaults: () => faults.pending(),
    forbid: (plural) => void forbidden.add(plural),
    allow: (plural) => void forbidden.delete(plural),
    resource: kindOf,
    onCreate: (plural, hook) => void hooks.set(plural, hook),
    onPortForward: (connect) => {
      portForward = connect;
    },
    onExec: (run) => {
      exec = run;
    },
    kubeconfig: () => fakeKubeconfig(url, options.token),
    close: async () => {
      for (const socket of upgraded) socket.destroy();
      await closeServer(server);
    },
  };
}

function fakeKubeconfig(url: string, token: string | undefined): string {
  const user = token === undefined ? {} : { token };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server: url } }],
    users: [{ name: 'tester', user }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'tester', namespace: 'shop' } }],
    'current-context': 'fake',
  });
}

function partial(object: FakeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function pageOf(token: string | null): { readonly offset: number; readonly version?: number } {
  if (token === null) return { offset: 0 };
  const [version, offset] = Buffer.from(token, 'base64').toString('utf8').split(' ').map(Number);
  return { offset: offset ?? 0, ...(version === undefined ? {} : { version }) };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
