import type { AwsHttpRequest } from './aws-request.ts';
import { decodeBody, parseForm } from './decode-body.ts';
import type { Value } from './partial-json.ts';
import type { AwsOperation, AwsRoute, AwsService } from './service-table.ts';

export interface FoundOperation {
  readonly service: AwsService;
  readonly operation: AwsOperation;
  readonly labels: ReadonlyMap<string, string>;
  readonly body: Value;
}

/** The operation that a request asks for, by the protocols of the services that answer on its host. */
export function findOperation(
  services: readonly AwsService[],
  request: AwsHttpRequest,
  query: URLSearchParams,
): FoundOperation | undefined {
  const none = new Map<string, string>();
  const target = request.headers['x-amz-target'];
  if (target !== undefined) {
    const dot = target.lastIndexOf('.');
    const [prefix, name] = [target.slice(0, dot), target.slice(dot + 1)];
    const fitting = services.filter((service) => service.targetPrefix === prefix);
    return byName(fitting, name, none, () => decodeBody(request));
  }
  const rpc = /^\/service\/([^/]+)\/operation\/([^/]+)\/?$/.exec(request.path);
  if (rpc?.[2] !== undefined) return byName(services, rpc[2], none, () => decodeBody(request));
  const isForm = query.has('Action') || (request.headers['content-type'] ?? '').includes('x-www-form-urlencoded');
  if (isForm) {
    const body = query.has('Action') ? parseForm(request.query) : decodeBody(request);
    const form = body as Readonly<Record<string, Value>>;
    const { Action: action, Version: version } = form;
    if (typeof action === 'string') {
      const versioned = services.filter((service) => service.version === version);
      return byName([...versioned, ...services], action, none, () => body);
    }
  }
  return byRoute(services, request, query);
}

function byName(
  services: readonly AwsService[],
  name: string,
  labels: ReadonlyMap<string, string>,
  body: () => Value,
): FoundOperation | undefined {
  for (const service of services) {
    const operation = service.operations.get(name);
    if (operation !== undefined) return { service, operation, labels, body: body() };
  }
  return undefined;
}

function byRoute(services: readonly AwsService[], request: AwsHttpRequest, query: URLSearchParams): FoundOperation | undefined {
  const segments = request.path.replace(/^\/|\/$/g, '').split('/');
  for (const service of services) {
    for (const route of service.routes) {
      const labels = matchRoute(route, request.method, segments, query);
      if (labels !== undefined) return { service, operation: route.operation, labels, body: decodeBody(request) };
    }
  }
  return undefined;
}

function matchRoute(
  route: AwsRoute,
  method: string,
  segments: readonly string[],
  query: URLSearchParams,
): ReadonlyMap<string, string> | undefined {
  if (route.method !== method) return undefined;
  for (const [key, value] of route.query) if (!query.has(key) || (value !== undefined && query.get(key) !== value)) return undefined;
  const labels = new Map<string, string>();
  const wanted = route.segments;
  for (let at = 0; at < wanted.length; at += 1) {
    const pattern = wanted[at] ?? '';
    if (pattern.startsWith('{') && pattern.endsWith('+}')) {
      const rest = wanted.length - at - 1;
      const taken = segments.slice(at, segments.length - rest);
      if (taken.length === 0 || taken[0] === '') return undefined;
      labels.set(pattern.slice(1, -2), decodePart(taken.join('/')));
      const tail = segments.slice(segments.length - rest);
      return tail.every((segment, index) => matchSegment(wanted[at + 1 + index] ?? '', segment, labels)) ? labels : undefined;
    }
    const segment = segments[at];
    if (segment === undefined || !matchSegment(pattern, segment, labels)) return undefined;
  }
  return wanted.length === segments.length ? labels : undefined;
}

function matchSegment(pattern: string, segment: string, labels: Map<string, string>): boolean {
  const open = pattern.indexOf('{');
  if (open < 0) return pattern === segment || pattern === decodePart(segment);
  const close = pattern.indexOf('}');
  const [before, after] = [pattern.slice(0, open), pattern.slice(close + 1)];
  if (after.includes('{') || !segment.startsWith(before) || !segment.endsWith(after)) return false;
  const value = segment.slice(before.length, segment.length - after.length);
  if (value === '') return false;
  labels.set(pattern.slice(open + 1, close), decodePart(value));
  return true;
}

export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
