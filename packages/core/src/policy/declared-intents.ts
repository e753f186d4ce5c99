import { peerKey } from '../model/peer.ts';
import type { Peer, ServiceRef, WorkloadPeer } from '../model/peer.ts';
import type { IntentState } from './protection.ts';

/** One ClientIntents object: what a client says it calls. Names are as written there (`name` or `name.namespace`). */
export interface DeclaredIntents {
  readonly namespace: string;
  readonly name: string;
  readonly workload: { readonly name: string; readonly kind?: string };
  readonly targets: readonly DeclaredTarget[];
}

export type DeclaredTarget =
  | { readonly type: 'kubernetes'; readonly name: string; readonly kind?: string }
  | { readonly type: 'service'; readonly name: string }
  | { readonly type: 'kafka'; readonly name: string; readonly topics?: readonly string[] }
  | {
      readonly type: 'internet';
      readonly domains?: readonly string[];
      readonly ips?: readonly string[];
      readonly ports?: readonly number[];
    }
  | { readonly type: 'aws' | 'gcp' | 'azure'; readonly resource: string };

/** The part of an edge that declarations look at. */
export interface DeclarableEdge {
  readonly client: Peer;
  readonly server: Peer;
  readonly ports: readonly { readonly service?: ServiceRef; readonly port?: number }[];
  readonly services?: readonly ServiceRef[];
}

export interface DeclarationReport {
  /** One state per edge, in the order given; undefined where declarations do not apply (the client is no workload). */
  readonly states: readonly (IntentState | undefined)[];
  /** Declared targets that no edge matched. */
  readonly unseen: readonly { readonly client: DeclaredIntents; readonly target: DeclaredTarget }[];
}

/**
 * Compares edges with declared intents as enforcement would see them: once anybody declares a call to a server, that
 * server is protected and undeclared callers would be blocked; a client that declares any internet target has its
 * other internet calls blocked.
 */
export function compareWithDeclared(edges: readonly DeclarableEdge[], declared: readonly DeclaredIntents[]): DeclarationReport {
  const byClient = new Map<string, DeclaredIntents[]>();
  for (const intents of declared) {
    const key = `${intents.namespace}/${intents.workload.name}`;
    byClient.set(key, [...(byClient.get(key) ?? []), intents]);
  }
  const seen = new Set<DeclaredTarget>();
  const protectedServers = new Set<string>();
  const matched = edges.map((edge) => {
    const own = edge.client.type === 'workload' ? declarationsOf(edge.client, byClient) : [];
    let isDeclared = false;
    for (const intents of own) {
      for (const target of intents.targets) {
        if (!targetMatches(target, intents.namespace, edge)) continue;
        seen.add(target);
        isDeclared = true;
      }
    }
    if (isDeclared) protectedServers.add(peerKey(edge.server));
    return isDeclared;
  });
  const named = namedServers(declared);
  const states = edges.map((edge, index): IntentState | undefined => {
    if (edge.client.type !== 'workload') return undefined;
    if (matched[index] === true) return 'declared';
    if (edge.server.type === 'internet') {
      const restricts = declarationsOf(edge.client, byClient).some((intents) =>
        intents.targets.some((target) => target.type === 'internet'),
      );
      return restricts ? 'undeclared' : 'unmanaged';
    }
    const isProtectedServer = protectedServers.has(peerKey(edge.server)) || namesOf(edge).some((name) => named.has(name));
    return isProtectedServer ? 'undeclared' : 'unmanaged';
  });
  const unseen = declared.flatMap((client) => client.targets.filter((target) => !seen.has(target)).map((target) => ({ client, target })));
  return { states, unseen };
}

function declarationsOf(client: WorkloadPeer, byClient: ReadonlyMap<string, readonly DeclaredIntents[]>): readonly DeclaredIntents[] {
  const own = byClient.get(`${client.namespace}/${client.name}`) ?? [];
  return own.filter(({ workload }) => kindMatches(workload.kind, client.kind));
}

function targetMatches(target: DeclaredTarget, namespace: string, edge: DeclarableEdge): boolean {
  const { server } = edge;
  switch (target.type) {
    case 'kubernetes': {
      if (target.kind === 'Service') return serviceNames(edge).includes(qualified(target.name, namespace));
      if (server.type === 'apiServer') return isApiServerName(target.name, namespace);
      return (
        server.type === 'workload' &&
        `${server.namespace}/${server.name}` === qualified(target.name, namespace) &&
        kindMatches(target.kind, server.kind)
      );
    }
    case 'service':
      if (server.type === 'apiServer') return isApiServerName(target.name, namespace);
      return serviceNames(edge).includes(qualified(target.name, namespace));
    case 'kafka':
      return server.type === 'workload' && `${server.namespace}/${server.name}` === qualified(target.name, namespace);
    case 'internet':
      return server.type === 'internet' && internetMatches(target, server, edge.ports);
    case 'aws':
    case 'gcp':
    case 'azure':
      return server.type === target.type && server.resource === target.resource;
  }
}

function internetMatches(
  target: Extract<DeclaredTarget, { type: 'internet' }>,
  server: Extract<Peer, { type: 'internet' }>,
  ports: DeclarableEdge['ports'],
): boolean {
  const { domain, addresses = [] } = server;
  const byDomain = domain !== undefined && (target.domains ?? []).some((pattern) => domainMatches(pattern.toLowerCase(), domain));
  const ips = (target.ips ?? []).map((ip) => ip.replace(/\/(32|128)$/, ''));
  const byAddress = addresses.length > 0 && addresses.every((address) => ips.includes(address));
  if (!byDomain && !byAddress) return false;
  const allowed = target.ports ?? [];
  return allowed.length === 0 || ports.every(({ port }) => port === undefined || allowed.includes(port));
}

/** `*.example.com` stands for every name below example.com. */
function domainMatches(pattern: string, domain: string): boolean {
  return pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) || domain === pattern : pattern === domain;
}

/** `name.namespace`, or `name` in the declaration's own namespace, as `namespace/name`. */
function qualified(name: string, namespace: string): string {
  const bare = name.startsWith('svc:') ? name.slice('svc:'.length) : name;
  const [first = '', second = namespace] = bare.split('.');
  return `${second}/${first}`;
}

function isApiServerName(name: string, namespace: string): boolean {
  return qualified(name, namespace) === 'default/kubernetes';
}

function kindMatches(declaredKind: string | undefined, kind: string): boolean {
  return declaredKind === undefined || declaredKind === '' || kind === '' || declaredKind === kind;
}

function serviceNames(edge: DeclarableEdge): string[] {
  const refs = [...edge.ports.flatMap(({ service }) => (service === undefined ? [] : [service])), ...(edge.services ?? [])];
  const own = edge.server.type === 'service' ? [{ namespace: edge.server.namespace, name: edge.server.name }] : [];
  return [...refs, ...own].map(({ namespace, name }) => `${namespace}/${name}`);
}

/** Every name by which a declaration could mean this edge's server. */
function namesOf(edge: DeclarableEdge): string[] {
  const { server } = edge;
  const services = serviceNames(edge).map((name) => `service:${name}`);
  if (server.type === 'workload') return [...services, `workload:${server.namespace}/${server.name}`];
  if (server.type === 'apiServer') return ['service:default/kubernetes'];
  return services;
}

function namedServers(declared: readonly DeclaredIntents[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { namespace, targets } of declared) {
    for (const target of targets) {
      if (target.type === 'service') names.add(`service:${qualified(target.name, namespace)}`);
      if (target.type === 'kafka') names.add(`workload:${qualified(target.name, namespace)}`);
      if (target.type === 'kubernetes') {
        names.add(`${target.kind === 'Service' ? 'service' : 'workload'}:${qualified(target.name, namespace)}`);
      }
    }
  }
  return names;
}
