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

/** Declarations made ready to be compared with edges. */
export interface DeclaredIndex {
  readonly size: number;
  /**
   * What enforcing would make of a call: once anybody declares a call to a server, that server is protected and
   * undeclared callers would be blocked; a client that declares any internet target has its other internet calls
   * blocked. Undefined where declarations do not apply: the client is no workload.
   */
  stateOf(edge: DeclarableEdge): Exclude<IntentState, 'unseen'> | undefined;
  /** Targets of the client's declarations that the edge fulfils. */
  fulfilledBy(edge: DeclarableEdge): readonly DeclaredTarget[];
  /** Objects that name a workload as a target, itself or by a Service before it. */
  naming(workload: WorkloadPeer): readonly DeclaredIntents[];
  /** Whether an object speaks for a workload. */
  isClient(workload: WorkloadPeer): boolean;
}

/** Workloads behind a Service now; none when that is not known. */
export type WorkloadsBehind = (service: ServiceRef) => readonly { readonly namespace: string; readonly name: string }[];

export function toDeclaredIndex(declared: readonly DeclaredIntents[], workloadsBehind: WorkloadsBehind = () => []): DeclaredIndex {
  const byClient = Map.groupBy(declared, ({ namespace, workload }) => `${namespace}/${workload.name}`);
  const byServer = new Map<string, Set<DeclaredIntents>>();
  for (const intents of declared) {
    for (const name of intents.targets.flatMap((target) => namedServers(target, intents.namespace, workloadsBehind))) {
      const naming = byServer.get(name) ?? new Set();
      byServer.set(name, naming.add(intents));
    }
  }
  const fulfilledBy = (edge: DeclarableEdge): readonly DeclaredTarget[] => {
    if (edge.client.type !== 'workload') return [];
    return declarationsOf(edge.client, byClient).flatMap(({ namespace, targets }) =>
      targets.filter((target) => targetMatches(target, namespace, edge)),
    );
  };
  return {
    size: declared.length,
    fulfilledBy,
    naming: ({ namespace, name }) => [...(byServer.get(`workload:${namespace}/${name}`) ?? [])],
    isClient: (workload) => declarationsOf(workload, byClient).length > 0,
    stateOf(edge) {
      if (edge.client.type !== 'workload') return undefined;
      if (fulfilledBy(edge).length > 0) return 'declared';
      const isRestricted =
        edge.server.type === 'internet'
          ? declarationsOf(edge.client, byClient).some(({ targets }) => targets.some(({ type }) => type === 'internet'))
          : namesOf(edge).some((name) => byServer.has(name));
      return isRestricted ? 'undeclared' : 'unmanaged';
    },
  };
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

/** Every name of servers that a target means; a Service stands for the workloads behind it too. */
function namedServers(target: DeclaredTarget, namespace: string, workloadsBehind: WorkloadsBehind): string[] {
  switch (target.type) {
    case 'kafka':
      return [`workload:${qualified(target.name, namespace)}`];
    case 'service':
      return serviceAndWorkloads(qualified(target.name, namespace), workloadsBehind);
    case 'kubernetes': {
      const name = qualified(target.name, namespace);
      if (isApiServerName(target.name, namespace)) return [`service:${name}`];
      return target.kind === 'Service' ? serviceAndWorkloads(name, workloadsBehind) : [`workload:${name}`];
    }
    case 'internet':
    case 'aws':
    case 'gcp':
    case 'azure':
      return [];
  }
}

function serviceAndWorkloads(service: string, workloadsBehind: WorkloadsBehind): string[] {
  const [namespace = '', name = ''] = service.split('/');
  return [
    `service:${service}`,
    ...workloadsBehind({ namespace, name }).map((workload) => `workload:${workload.namespace}/${workload.name}`),
  ];
}
