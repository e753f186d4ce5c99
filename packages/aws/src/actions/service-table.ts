import { SERVICE_TABLE } from '../generated/service-table.ts';

/**
 * One service of the generated table. Its text: a line `id signing prefix protocols target version`, a line of hosts, a line
 * of host prefixes, a line of ARN templates, then a line for each operation: `Name [METHOD/uri] pairs`.
 */
export interface AwsService {
  readonly id: string;
  readonly signingName: string;
  /** Prefix of its actions. */
  readonly prefix: string;
  readonly protocols: readonly string[];
  readonly targetPrefix: string;
  readonly version: string;
  readonly hosts: readonly string[];
  readonly hostPrefixes: readonly string[];
  readonly operations: ReadonlyMap<string, AwsOperation>;
  /** Operations by method, most specific path first. */
  readonly routes: readonly AwsRoute[];
}

export interface AwsOperation {
  readonly name: string;
  /** `!name` for those that code of its own handles. */
  readonly special?: string;
  /** Empty when IAM has no action of that name. */
  readonly pairs: readonly PairRule[];
}

export interface PairRule {
  readonly action: string;
  readonly templates: readonly string[];
  readonly isOptional: boolean;
}

export interface AwsRoute {
  readonly operation: AwsOperation;
  readonly method: string;
  readonly segments: readonly string[];
  /** Fixed query keys, with values where the model gives them. */
  readonly query: readonly (readonly [string, string | undefined])[];
}

const METHODS: Readonly<Record<string, string>> = { G: 'GET', PO: 'POST', PU: 'PUT', D: 'DELETE', H: 'HEAD', PA: 'PATCH' };

interface Index {
  readonly byHost: ReadonlyMap<string, readonly string[]>;
  readonly bySigningName: ReadonlyMap<string, readonly string[]>;
  readonly starHosts: readonly (readonly [readonly string[], string])[];
}

let index: Index | undefined;
const parsed = new Map<string, AwsService>();

/** Services that answer on a host with these labels; wildcards stand for one label. */
export function servicesOfHost(labels: readonly string[]): readonly AwsService[] {
  const { byHost, starHosts } = loadIndex();
  const exact = byHost.get(labels.join('.'));
  if (exact !== undefined) return exact.map(serviceOf);
  const matching = starHosts.filter(
    ([pattern]) => pattern.length === labels.length && pattern.every((part, at) => part === '*' || part === labels[at]),
  );
  return [...new Set(matching.map(([, id]) => id))].map(serviceOf);
}

export function servicesOfSigningName(name: string): readonly AwsService[] {
  return (loadIndex().bySigningName.get(name) ?? []).map(serviceOf);
}

export function allServices(): readonly AwsService[] {
  return Object.keys(SERVICE_TABLE).map(serviceOf);
}

function loadIndex(): Index {
  if (index !== undefined) return index;
  const byHost = new Map<string, string[]>();
  const bySigningName = new Map<string, string[]>();
  const starHosts: (readonly [readonly string[], string])[] = [];
  const push = (map: Map<string, string[]>, key: string, id: string): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [id]);
    else list.push(id);
  };
  for (const [id, text] of Object.entries(SERVICE_TABLE)) {
    const [first = '', hosts = ''] = text.split('\n', 2);
    push(bySigningName, first.split(' ')[1] ?? id, id);
    for (const host of hosts.split(' ')) {
      if (host.includes('*')) starHosts.push([host.split('.'), id]);
      else push(byHost, host, id);
    }
  }
  index = { byHost, bySigningName, starHosts };
  return index;
}

function serviceOf(id: string): AwsService {
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const service = parseService(SERVICE_TABLE[id] ?? '');
  parsed.set(id, service);
  return service;
}

function parseService(text: string): AwsService {
  const [first = '', hosts = '', prefixes = '', templateLine = '', ...lines] = text.split('\n');
  const [id = '', signingName = '', prefix = '', protocols = '', target = '', version = ''] = first.split(' ');
  const templates = templateLine
    .split(' ')
    .map((template) => (template.startsWith('~') ? `$P:${prefix}:$R:$A:${template.slice(1)}` : template));
  const operations = new Map<string, AwsOperation>();
  const routes: AwsRoute[] = [];
  for (const line of lines) {
    const parts = line.split(' ');
    const name = parts[0] ?? '';
    const spec = parts.at(-1) ?? '-';
    const operation: AwsOperation = spec.startsWith('!')
      ? { name, special: spec.slice(1), pairs: [] }
      : { name, pairs: spec === '-' ? [] : spec.split(';').map((pair) => parsePair(pair, prefix, name, templates)) };
    operations.set(name, operation);
    const route = parts.length > 2 ? parseRoute(parts[1] ?? '', operation) : undefined;
    if (route !== undefined) routes.push(route);
  }
  routes.sort((a, b) => specificity(b) - specificity(a));
  return {
    id,
    signingName,
    prefix: prefix === '-' ? '' : prefix,
    protocols: protocols.split(','),
    targetPrefix: target === '-' ? '' : target,
    version,
    hosts: hosts.split(' '),
    hostPrefixes: prefixes === '' ? [] : prefixes.split(' '),
    operations,
    routes,
  };
}

function parsePair(text: string, prefix: string, name: string, templates: readonly string[]): PairRule {
  const isOptional = text.startsWith('+');
  const body = isOptional ? text.slice(1) : text;
  const at = body.indexOf('@');
  const short = at < 0 ? name : body.slice(0, at);
  const action = short.includes(':') ? short : `${prefix}:${short}`;
  const list = body
    .slice(at + 1)
    .split(',')
    .map((item) => (item === '*' ? '*' : (templates[Number.parseInt(item, 36)] ?? '*')));
  return { action, templates: list, isOptional };
}

function parseRoute(text: string, operation: AwsOperation): AwsRoute | undefined {
  const slash = text.indexOf('/');
  const method = METHODS[text.slice(0, slash)];
  if (method === undefined) return undefined;
  const [path = '', query = ''] = text.slice(slash).split('?', 2);
  const pairs = query
    .split('&')
    .filter((part) => part !== '')
    .map((part): readonly [string, string | undefined] => {
      const [key = '', value] = part.split('=', 2);
      return [key, value === '' ? undefined : value];
    });
  return { operation, method, segments: path.replace(/^\/|\/$/g, '').split('/'), query: pairs };
}

/** Literal segments count most, then length, then fixed query keys; a greedy label least. */
function specificity(route: AwsRoute): number {
  let score = route.query.length * 4;
  for (const segment of route.segments) score += segment.startsWith('{') ? (segment.endsWith('+}') ? 1 : 20) : 30;
  return score;
}
