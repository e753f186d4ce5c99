import type { ClusterView } from '../cluster/cluster-view.ts';
import type { EdgeClass } from '../model/edge.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import type { Peer } from '../model/peer.ts';
import { classOf, commonFacts, dropReason, factsOf, isOnlyItself, mayBeMasqueraded } from './judge.ts';
import type { HasSniffer } from './judge.ts';
import { locateConnection } from './locate-connection.ts';
import { locateName } from './locate-name.ts';
import { Locator } from './locate.ts';
import { orient } from './orient.ts';
import { asDropped, droppedFor, RESOLVED, targetsOf, unknownEnds } from './resolution.ts';
import type { EdgeSink, Found, Outcome, Resolution, Target } from './resolution.ts';
import { mayAppearLater, resolveNamed } from './resolve-named.ts';
import { Sight } from './sight.ts';

export interface ResolverOptions {
  /**
   * How long an end that nobody owns may be a matter of the API being behind the packets; 0 when the view is complete
   * (offline).
   */
  readonly waitMs?: number;
  /** Whether a node had a sniffer at a time: then only that one tells its processes from masquerade (rule 18). */
  readonly hasSniffer?: HasSniffer;
  /** Whether `node` of an observation is proven: then nobody is believed what that node cannot see. Needs `hasSniffer`. */
  readonly nodesAreProven?: boolean;
}

export interface Resolver {
  /** @param now the present, ms: decides whether waiting makes sense. */
  resolve(observation: Observation, now: number): Resolution;
  /** The same, edge by edge and without an object for each: for maps that are made of millions. */
  resolveInto(observation: Observation, now: number, sink: EdgeSink): Outcome;
}

const NOT_YET_KNOWN: Outcome = { waitFor: 'not-yet-known' };

export function createResolver(deps: { readonly view: ClusterView }, options: ResolverOptions = {}): Resolver {
  return new ViewResolver(deps.view, options);
}

class ViewResolver implements Resolver {
  private readonly view: ClusterView;
  private readonly locator: Locator;
  private readonly waitMs: number;
  private readonly hasSniffer: HasSniffer | undefined;
  private readonly sight: Sight | undefined;
  /** Of the observation at hand. */
  private readonly when: { readonly view: object; generation: number; epoch: number };

  /** Of the observation at hand, for the one sink that `resolve` uses. */
  private updates: EdgeUpdate[] = [];
  private readonly collector: EdgeSink = {
    add: (seen, source, target, edgeClass, shared) =>
      void this.updates.push(toEdgeUpdate(seen, source, target.peer, target, edgeClass, shared)),
    apply: (update) => void this.updates.push(update),
  };

  constructor(view: ClusterView, options: ResolverOptions) {
    this.view = view;
    this.when = { view, generation: -1, epoch: Number.NaN };
    this.locator = new Locator(view);
    this.waitMs = options.waitMs ?? 0;
    this.hasSniffer = options.hasSniffer;
    this.sight = options.nodesAreProven === true && options.hasSniffer !== undefined ? new Sight(view, options.hasSniffer) : undefined;
  }

  resolve(observation: Observation, now: number): Resolution {
    const updates: EdgeUpdate[] = [];
    this.updates = updates;
    const outcome = this.resolveInto(observation, now, this.collector);
    return outcome === RESOLVED ? { updates } : { ...outcome, updates };
  }

  resolveInto(observation: Observation, now: number, sink: EdgeSink): Outcome {
    if (observation.kind === 'kafka' || observation.kind === 'http' || observation.kind === 'aws') {
      const { updates, ...outcome } = resolveNamed(this.locator, observation, this.mayWait(observation, now));
      for (const update of updates) sink.apply(update);
      return outcome;
    }
    const oriented = orient(this.view, observation);
    const at = oriented.lastSeenAt;
    if (oriented.source.memo !== undefined || oriented.destination.memo !== undefined) {
      this.when.generation = this.view.generation;
      this.when.epoch = this.view.epochs.epochOf(at);
    }
    const client = this.locateSource(oriented, at);
    const server = this.locateDestination(oriented, at);
    if (
      this.mayWait(oriented, now) &&
      (mayAppearLater(client) || mayAppearLater(server) || mayBeMasqueraded(this.hasSniffer, oriented, client))
    )
      return NOT_YET_KNOWN;
    return this.combine(oriented, client, server, this.mayWait(oriented, now), sink);
  }

  private mayWait(observation: Observation, now: number): boolean {
    return this.waitMs > 0 && now - observation.lastSeenAt < this.waitMs;
  }

  private locateSource(observation: Observation, at: number): Found {
    const { address, podUid, memo } = observation.source;
    if (address === undefined) return asDropped('no-destination');
    if (memo === undefined || podUid !== undefined) return this.locator.source(address, podUid, at, observation.node);
    return notedIn(memo.found(this.when)) ?? memo.note(this.when, this.locator.source(address, undefined, at, observation.node));
  }

  private locateDestination(observation: Observation, at: number): Found {
    const { memo } = observation.destination;
    if (memo === undefined || observation.destination.podUid !== undefined) return this.searchDestination(observation, at);
    if (observation.kind === 'dns') return notedIn(memo.found(this.when)) ?? memo.note(this.when, this.searchDestination(observation, at));
    const { address = '', port, protocol, asked } = observation.destination;
    const flow = { address, port, protocol, askedAddress: asked?.address, askedPort: asked?.port };
    return notedIn(memo.foundFlow(this.when, flow)) ?? memo.noteFlow(this.when, flow, this.searchDestination(observation, at));
  }

  private searchDestination(observation: Observation, at: number): Found {
    const { locator } = this;
    const { destination } = observation;
    if (observation.kind === 'dns') {
      const { name, canonicalName, addresses = [] } = destination;
      if (name === undefined) return asDropped('no-destination');
      return locator.kept.ofName(name, canonicalName, addresses, at, () =>
        locateName(locator, canonicalName === undefined ? { name, addresses } : { name, canonicalName, addresses }, at),
      );
    }
    const { address, podUid, port, protocol, name, canonicalName, asked } = destination;
    if (address === undefined) return asDropped('no-destination');
    if (name === undefined && asked === undefined && podUid === undefined)
      return locator.knownDestination(address, port, protocol, at) ?? locateConnection(locator, observation, at);
    if (podUid !== undefined) return locateConnection(locator, observation, at);
    const question = { address, port, protocol, name, canonicalName, asked };
    return locator.kept.ofFlow(question, at, () => locateConnection(locator, observation, at));
  }

  private combine(observation: Observation, client: Found, server: Found, mayWait: boolean, sink: EdgeSink): Outcome {
    const { view } = this;
    if (client.dropped !== undefined) return droppedFor(client.dropped);
    if (server.dropped !== undefined) return droppedFor(server.dropped);
    const source = client.only ?? targetsOf(client, view.cluster)[0];
    if (source === undefined) return droppedFor('no-destination');
    const only = server.only;
    const targets = only === undefined ? targetsOf(server, view.cluster) : undefined;
    const serverFacts = only === undefined ? commonFacts(view, targets ?? []) : factsOf(view, only);
    const dropped = dropReason(view, this.hasSniffer, observation, source, serverFacts);
    if (dropped !== undefined) return droppedFor(dropped);
    if (this.sight?.isBeyond(observation, source, targets ?? targetsOf(server, view.cluster)) === true)
      // A pod's address may be another pod's already, of which the API has not told.
      return mayWait ? NOT_YET_KNOWN : droppedFor('not-of-this-node');
    let edges = 0;
    if (only !== undefined) edges += this.addEdge(observation, source, only, false, sink);
    else for (const target of targets ?? []) edges += this.addEdge(observation, source, target, (targets?.length ?? 0) > 1, sink);
    if (edges === 0) return droppedFor(targets?.length === 0 ? 'no-destination' : 'own-address');
    const unknown = unknownEnds(client, server);
    return unknown === undefined ? RESOLVED : { unknown };
  }

  /** Number of edges that came of it. */
  private addEdge(observation: Observation, source: Target, target: Target, isOneOfSeveral: boolean, sink: EdgeSink): number {
    if (isOnlyItself(source, target)) return 0;
    const isShared = isOneOfSeveral && target.firstPod !== undefined;
    sink.add(observation, source, target, classOf(this.view, observation, source, target), isShared);
    return 1;
  }
}

/** What a memo holds was noted here. */
function notedIn(memo: unknown): Found | undefined {
  return memo as Found | undefined;
}

/**
 * What a sink is given, as an update. Every field is always there: this runs for every observation, and one shape of object
 * is read fastest.
 * @param server the target's peer, or who stands for it
 */
export function toEdgeUpdate(
  observation: Observation,
  source: Target,
  server: Peer,
  target: Target,
  edgeClass: EdgeClass,
  shared: boolean,
): EdgeUpdate {
  const port = observation.kind === 'dns' ? undefined : target.port;
  return {
    client: source.peer,
    server,
    class: edgeClass,
    shared,
    evidence: observation.kind,
    vantage: observation.vantage,
    node: observation.node,
    count: observation.count,
    firstSeenAt: observation.firstSeenAt,
    lastSeenAt: observation.lastSeenAt,
    approximate: observation.approximate,
    port,
    service: port?.service === undefined ? target.service : undefined,
    name: target.name,
    kafka: undefined,
    http: undefined,
    actions: undefined,
    via: undefined,
    bytes: shared ? undefined : observation.bytes,
  };
}
