import type { IntentState, Peer, PolicyEnd, PolicyState } from '@nm/core';
import type { EdgeOutline } from '../store/query.ts';
import type { Store } from '../store/store.ts';
import type { PolicyBook } from './policy-book.ts';
import type { PolicyEnds } from './policy-ends.ts';
import { isForeign } from './protection-view.ts';
import type { ProtectionView } from './protection-view.ts';

/** What policies say of one edge; an absent state does not apply. */
export interface EdgeStates {
  readonly network?: PolicyState;
  readonly mesh?: PolicyState;
  readonly intents?: IntentState;
}

/** What policies say of very many edges and workloads, in a word each. */
export interface Tallier {
  /** In the order of the edges. */
  statesOf(edges: readonly EdgeOutline[]): Promise<readonly EdgeStates[]>;
  /** Whether something restricts who may call a workload; undefined where nobody can know. */
  isProtected(peer: Peer): boolean | undefined;
}

/** Edges whose details had to be read, with what came of it; beyond it all are read anew. */
const MAX_KEPT = 200_000;
/** After this time details that make no new evidence (paths of a mesh) are looked at too. */
const FRESH_MS = 10 * 60_000;
/** Edges read at once. */
const CHUNK = 500;

const OPEN: EdgeStates = { network: 'open' };

/** What is worked out once for all edges of a peer. */
interface PeerFacts {
  readonly peer: Peer;
  readonly isForeign: boolean;
  /** It has declared intents. */
  readonly declares: boolean;
  /** An AuthorizationPolicy may apply to it. */
  readonly isMeshed: boolean;
  /** A NetworkPolicy selects it for its own calls, for calls to it; or its labels are not known. */
  readonly isHeldOut: boolean;
  readonly isHeldIn: boolean;
}

interface Kept {
  readonly shape: number;
  readonly states: EdgeStates;
}

/**
 * Most edges of most clusters are told from their ends alone; only where a policy or declaration touches an end are
 * ports and Services read, once per edge until they, the policies or the labels change.
 */
export function createTallier(
  deps: {
    readonly store: Store;
    readonly book: PolicyBook;
    readonly ends: PolicyEnds;
    readonly protection: ProtectionView;
    readonly now: () => number;
  },
  options: { readonly cluster: string },
): Tallier {
  const { store, book, ends, protection, now } = deps;
  const kept = new Map<number, Kept>();
  /** By number of the peer; made for the peer that they hold. */
  let facts: (PeerFacts | undefined)[] = [];
  let madeFor = '';
  let madeAt = Number.NEGATIVE_INFINITY;

  function forgetOld(): void {
    ends.refresh();
    const epoch = `${book.epoch}/${ends.epoch}`;
    if (epoch === madeFor && now() - madeAt < FRESH_MS && kept.size < MAX_KEPT) return;
    kept.clear();
    facts = [];
    madeFor = epoch;
    madeAt = now();
  }

  /** Undefined when ports, Services or labels decide. */
  function fromEnds({ client, server, clientRef, serverRef }: EdgeOutline): EdgeStates | undefined {
    const from = factsOf(client, clientRef);
    const to = factsOf(server, serverRef);
    if (from.isForeign || to.isForeign) return {};
    if (from.declares || to.isMeshed || from.isHeldOut || to.isHeldIn) return undefined;
    const intents = book.declarations.size === 0 ? undefined : book.declarations.stateOf({ client, server, ports: [] });
    const isMesh = book.mesh.length > 0 && server.type === 'workload';
    if (!isMesh && intents === undefined) return OPEN;
    return { network: 'open', ...(isMesh && { mesh: 'open' }), ...(intents !== undefined && { intents }) };
  }

  function factsOf(peer: Peer, ref: number): PeerFacts {
    const known = facts[ref];
    if (known?.peer === peer) return known;
    const end: PolicyEnd | undefined = ends.endOf(peer, 'app');
    const isHeld = (direction: 'Ingress' | 'Egress'): boolean => {
      if (book.network.size === 0) return false;
      if (end?.type !== 'pod') return end === undefined;
      return end.hostNetwork !== true && book.network.selecting(end, direction).length > 0;
    };
    const fresh = {
      peer,
      isForeign: isForeign(peer, options.cluster),
      declares: peer.type === 'workload' && book.declarations.isClient(peer),
      isMeshed: peer.type === 'workload' && book.reachesMesh(peer.namespace),
      isHeldOut: isHeld('Egress'),
      isHeldIn: isHeld('Ingress'),
    };
    facts[ref] = fresh;
    return fresh;
  }

  async function readDetails(edges: readonly EdgeOutline[]): Promise<void> {
    const shapes = new Map(edges.map(({ id, shape }) => [id, shape]));
    for await (const chunk of store.exportEdges({ filter: { ids: [...shapes.keys()] }, counts: false })) {
      for (const { id, edge } of chunk) {
        const { network, mesh, intents } = protection.ofEdge(edge) ?? {};
        const states = { ...(network && { network: network.state }), ...(mesh && { mesh: mesh.state }), ...(intents && { intents }) };
        kept.set(id, { shape: shapes.get(id) ?? 0, states });
      }
    }
  }

  return {
    async statesOf(edges) {
      forgetOld();
      const states = edges.map(fromEnds);
      const missing = edges.filter(({ id, shape }, index) => states[index] === undefined && kept.get(id)?.shape !== shape);
      for (let from = 0; from < missing.length; from += CHUNK) await readDetails(missing.slice(from, from + CHUNK));
      return edges.map(({ id }, index) => states[index] ?? kept.get(id)?.states ?? {});
    },
    isProtected(peer) {
      if (peer.type !== 'workload') return undefined;
      const restrictions = protection.ofWorkload(peer);
      return restrictions && restrictions.state === 'protected';
    },
  };
}
