import { evaluateAuthorizationPolicies, evaluateEdge, restrictingPolicies, toPolicyId, worstState } from '@nm/core';
import type { Edge, EdgeProtection, MeshProtection, NetworkProtection, Peer, WorkloadPeer } from '@nm/core';
import type { PolicyBook } from './policy-book.ts';
import type { PolicyEnds } from './policy-ends.ts';

/** What restricts a workload's calls, whoever the other end is; lists hold `namespace/name`, sorted. */
export interface WorkloadRestrictions {
  readonly state: 'protected' | 'open';
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  readonly mesh: readonly string[];
  readonly intents: readonly string[];
  readonly hostNetwork: boolean;
}

export interface ProtectionView {
  /** Undefined for an edge with an end in another cluster, whose policies are not known here. */
  readonly ofEdge: (edge: Edge) => EdgeProtection | undefined;
  /** Undefined for another cluster's workload, and when it has no pod that is remembered. */
  readonly ofWorkload: (workload: WorkloadPeer) => WorkloadRestrictions | undefined;
}

const OPEN: NetworkProtection = { state: 'open', policies: [], serverSelected: false };

/** Says of edges and workloads what the cluster's policies and declarations mean for them. */
export function createProtectionView(
  deps: { readonly book: PolicyBook; readonly ends: PolicyEnds },
  options: { readonly cluster: string },
): ProtectionView {
  const { book, ends } = deps;

  function networkOf(edge: Edge): NetworkProtection {
    if (book.network.size === 0) return OPEN;
    return evaluateEdge(edge, (peer) => ends.endOf(peer, edge.class), book.network);
  }

  function meshOf(edge: Edge): MeshProtection | undefined {
    const { client, server, ports, services = [], http } = edge;
    if (book.mesh.length === 0 || server.type !== 'workload') return undefined;
    const serverEnd = ends.endOf(server, edge.class);
    const clientEnd = ends.endOf(client, edge.class);
    if (serverEnd === undefined || clientEnd === undefined) return undefined;
    const account = client.type === 'workload' ? ends.ofWorkload(client)?.serviceAccount : undefined;
    const names = [...ports.flatMap(({ service }) => service ?? []), ...services].map(toPolicyId);
    const verdicts = (ports.length > 0 ? ports : [{ port: undefined }]).map(({ port }) =>
      evaluateAuthorizationPolicies(
        {
          client: clientEnd,
          server: serverEnd,
          services: names,
          ...(account !== undefined && { clientServiceAccount: account }),
          ...(port !== undefined && { port }),
          ...(http !== undefined && { http }),
        },
        book.mesh,
      ),
    );
    const state = worstState(verdicts.map((verdict) => verdict.state));
    const deciding = verdicts.filter((verdict) => verdict.state === state).flatMap(({ policies }) => policies);
    return { state, policies: sorted(deciding) };
  }

  return {
    ofEdge(edge) {
      if (isForeign(edge.client, options.cluster) || isForeign(edge.server, options.cluster)) return undefined;
      const mesh = meshOf(edge);
      const intents = book.declarations.size === 0 ? undefined : book.declarations.stateOf(edge);
      return { network: networkOf(edge), ...(mesh !== undefined && { mesh }), ...(intents !== undefined && { intents }) };
    },
    ofWorkload(workload) {
      const end = ends.ofWorkload(workload)?.end;
      if (end === undefined) return undefined;
      const hostNetwork = end.hostNetwork === true;
      const selecting = (direction: 'Ingress' | 'Egress'): string[] =>
        hostNetwork ? [] : sorted(book.network.selecting(end, direction).map(toPolicyId));
      const ingress = selecting('Ingress');
      const mesh = sorted(restrictingPolicies({ server: end }, book.mesh).map(toPolicyId));
      return {
        state: ingress.length > 0 || mesh.length > 0 ? 'protected' : 'open',
        ingress,
        egress: selecting('Egress'),
        mesh,
        intents: sorted(book.declarations.naming(workload).map(toPolicyId)),
        hostNetwork,
      };
    },
  };
}

export function isForeign(peer: Peer, cluster: string): boolean {
  return 'cluster' in peer && peer.cluster !== cluster;
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted();
}
