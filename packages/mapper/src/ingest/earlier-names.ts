import { peerKey } from '@nm/core';
import type { Clock, EdgeUpdate, InternetPeer, WorkloadPeer } from '@nm/core';
import type { Store } from '../store/store.ts';

/** Rule 14: a name is good for so long after the client was given the address. */
const NAME_MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** What was read of a workload is good for so long; a name that it is given now is seen by its sniffer. */
const KEPT_MS = 60_000;
/** Workloads of which it is kept; of more, connections stay nameless until the oldest is forgotten. */
const MAX_CLIENTS = 128;
/** Edges to names that are read of a workload, those of the first names, and addresses of them that are kept. */
const MAX_EDGES = 200;
const MAX_ADDRESSES = 1_024;

interface Known {
  readonly readAt: number;
  /** The one name by which the workload knows an address; undefined when there are several. */
  readonly domains: ReadonlyMap<string, string | undefined>;
}

/**
 * Names of open connections whose lookup their sniffer did not see because it started later: after an update or a
 * restart of sniffers each lasting connection to the internet would else be a second, nameless edge. The map knows by
 * which name that workload was given the address.
 */
export interface EarlierNames {
  /** The updates, those of nameless connections with the name if there is just one. */
  complete(updates: readonly EdgeUpdate[]): Promise<readonly EdgeUpdate[]>;
}

export function createEarlierNames(deps: { readonly store: Pick<Store, 'edges'>; readonly clock: Clock }): EarlierNames {
  const known = new Map<string, Known>();

  async function read(client: WorkloadPeer, readAt: number): Promise<Known> {
    const { cluster, namespace, name, kind } = client;
    const { edges } = await deps.store.edges({
      filter: {
        client: { types: ['workload'], workloads: [{ cluster, namespace, name, ...(kind !== '' && { kind }) }] },
        server: { types: ['internet'] },
      },
      window: { since: readAt - NAME_MAX_AGE_MS },
      first: MAX_EDGES,
    });
    const domains = new Map<string, string | undefined>();
    for (const { edge } of edges) {
      if (edge.server.type !== 'internet' || edge.server.domain === undefined) continue;
      for (const address of edge.server.addresses ?? []) {
        if (domains.has(address)) domains.set(address, undefined);
        else if (domains.size < MAX_ADDRESSES) domains.set(address, edge.server.domain);
      }
    }
    return { readAt, domains };
  }

  async function domainsOf(client: WorkloadPeer): Promise<Known['domains'] | undefined> {
    const key = peerKey(client);
    const now = deps.clock.now();
    for (const [other, { readAt }] of known) {
      if (now - readAt < KEPT_MS) break;
      known.delete(other);
    }
    const kept = known.get(key);
    if (kept !== undefined) return kept.domains;
    if (known.size >= MAX_CLIENTS) return undefined;
    const found = await read(client, now);
    known.set(key, found);
    return found.domains;
  }

  async function withName(update: NamelessConnection): Promise<EdgeUpdate> {
    const [address = ''] = update.server.addresses ?? [];
    // A store that is away says so when the update is stored.
    const domain = (await domainsOf(update.client).catch(() => undefined))?.get(address);
    return domain === undefined ? update : { ...update, server: { ...update.server, domain } };
  }

  return {
    async complete(updates) {
      if (!updates.some(isNamelessConnection)) return updates;
      const completed: EdgeUpdate[] = [];
      for (const update of updates) completed.push(isNamelessConnection(update) ? await withName(update) : update);
      return completed;
    },
  };
}

type NamelessConnection = EdgeUpdate & { readonly client: WorkloadPeer; readonly server: InternetPeer };

/** An attempt is named by the sniffer that sees it, and one without a name has none. */
function isNamelessConnection(update: EdgeUpdate): update is NamelessConnection {
  const { client, server, evidence } = update;
  return (
    (evidence === 'socket' || evidence === 'udp') && client.type === 'workload' && server.type === 'internet' && server.domain === undefined
  );
}
