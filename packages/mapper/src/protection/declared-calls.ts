import type { schema } from '@nm/api';
import { API_SERVICE, toDeclaredIndex, toPolicyId } from '@nm/core';
import type { ClusterView, DeclaredIntents, DeclaredTarget, Peer, WorkloadPeer } from '@nm/core';
import { GraphQLError } from 'graphql';
import type { Store } from '../store/store.ts';
import type { PolicyBook } from './policy-book.ts';

const DEFAULT_CALLS = 1_000;
const MAX_CALLS = 5_000;
/** Clients whose edges are read in one query. */
const CLIENTS = 100;
/** An answer serves everybody within this time. */
const FRESH_MS = 5_000;

interface Call {
  readonly namespace: string;
  readonly view: schema.DeclaredCall;
}

export interface DeclaredCallsDeps {
  readonly store: Store;
  readonly book: PolicyBook;
  readonly view: ClusterView;
  readonly now: () => number;
}

/** Answers the query `declaredCalls`. */
export function createDeclaredCalls(deps: DeclaredCallsDeps): (args: schema.QueryDeclaredCallsArgs) => Promise<schema.DeclaredCalls> {
  const { store, book, view, now } = deps;
  let made: { readonly epoch: number; readonly at: number; readonly calls: Promise<readonly Call[]> } | undefined;

  async function make(): Promise<readonly Call[]> {
    const declared = book.declared.map(splitDomains);
    const index = toDeclaredIndex(declared);
    const fulfilled = new Set<DeclaredTarget>();
    for (let from = 0; from < declared.length; from += CLIENTS) {
      const workloads = declared
        .slice(from, from + CLIENTS)
        .map(({ namespace, workload: { name } }) => ({ namespace, name, cluster: view.cluster }));
      for await (const chunk of store.exportEdges({
        filter: { client: { types: ['workload'], workloads } },
        counts: false,
        labels: false,
      })) {
        for (const { edge } of chunk) for (const target of index.fulfilledBy(edge)) fulfilled.add(target);
      }
    }
    return declared
      .flatMap((intents) =>
        intents.targets.map((target) => ({ namespace: intents.namespace, view: toCall(intents, target, fulfilled.has(target)) })),
      )
      .toSorted((a, b) => compareText(sortKey(a.view), sortKey(b.view)));
  }

  function toCall(intents: DeclaredIntents, target: DeclaredTarget, isSeen: boolean): schema.DeclaredCall {
    const { namespace, workload } = intents;
    return {
      intents: toPolicyId(intents),
      client: toWorkload(namespace, workload.name, workload.kind) as schema.Peer,
      server: toServer(target, namespace) as schema.Peer,
      topics: target.type === 'kafka' ? [...(target.topics ?? [])] : null,
      ports: target.type === 'internet' ? [...(target.ports ?? [])] : null,
      state: isSeen ? 'declared' : 'unseen',
    };
  }

  function toServer(target: DeclaredTarget, namespace: string): Peer {
    const { cluster } = view;
    switch (target.type) {
      case 'internet': {
        const [domain] = target.domains ?? [];
        return {
          type: 'internet',
          scope: 'public',
          ...(domain === undefined ? { addresses: target.ips ?? [] } : { domain: domain.toLowerCase() }),
        };
      }
      case 'aws':
      case 'gcp':
      case 'azure':
        return { type: target.type, resource: target.resource };
      case 'service':
      case 'kafka':
      case 'kubernetes': {
        const [name = '', ns = namespace] = target.name.replace(/^svc:/, '').split('.');
        const isService = target.type === 'service' || (target.type === 'kubernetes' && target.kind === 'Service');
        if (target.type !== 'kafka' && name === API_SERVICE.name && ns === API_SERVICE.namespace) return { type: 'apiServer', cluster };
        return isService
          ? { type: 'service', cluster, namespace: ns, name }
          : toWorkload(ns, name, target.type === 'kubernetes' ? target.kind : undefined);
      }
    }
  }

  /** A declaration need not name the kind: then that of the pods there are. */
  function toWorkload(namespace: string, name: string, kind: string | undefined): WorkloadPeer {
    const [pod] = kind === undefined ? view.pods.ofWorkload(namespace, name) : [];
    return { type: 'workload', cluster: view.cluster, namespace, name, kind: kind ?? pod?.kind ?? '' };
  }

  function calls(): Promise<readonly Call[]> {
    if (made !== undefined && made.epoch === book.epoch && now() - made.at < FRESH_MS) return made.calls;
    const fresh = make();
    made = { epoch: book.epoch, at: now(), calls: fresh };
    fresh.catch(() => {
      made = undefined;
    });
    return fresh;
  }

  return async (args) => {
    const first = args.first ?? DEFAULT_CALLS;
    if (first < 1 || first > MAX_CALLS)
      throw new GraphQLError(`first must be from 1 to ${MAX_CALLS}`, { extensions: { code: 'ARGUMENT_INVALID' } });
    const wanted = args.namespaces ?? [];
    const found = (await calls()).filter(({ namespace }) => wanted.length === 0 || wanted.includes(namespace)).map((call) => call.view);
    const unseen = found.filter(({ state }) => state === 'unseen');
    return { nodes: (args.unseen === true ? unseen : found).slice(0, first), totalCount: found.length, unseenCount: unseen.length };
  };
}

/** Each domain is seen or not by itself. */
function splitDomains(intents: DeclaredIntents): DeclaredIntents {
  return {
    ...intents,
    targets: intents.targets.flatMap((target): DeclaredTarget[] => {
      if (target.type !== 'internet') return [target];
      const { domains = [], ips = [], ...rest } = target;
      return [...domains.map((domain) => ({ ...rest, domains: [domain] })), ...(ips.length > 0 ? [{ ...rest, ips }] : [])];
    }),
  };
}

function sortKey({ intents, client, server }: schema.DeclaredCall): string {
  return [client.namespace, client.name, intents, server.type, server.namespace, server.name, server.domain, server.resource].join(
    '\u0000',
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
