import type { schema } from '@nm/api';
import type { PolicyState } from '@nm/core';
import type { MapOverview } from '../graph/overview.ts';

/** The answer of `overview` as the picture uses it: nulls are absent, instants are numbers. */
export function toOverview({ groups, links }: schema.Overview): MapOverview {
  return {
    groups: groups.map(({ id, type, cluster, namespace, environment, scope, peers }) => ({
      id,
      type,
      peers,
      ...(cluster == null ? {} : { cluster }),
      ...(namespace == null ? {} : { namespace }),
      ...(environment == null ? {} : { environment }),
      ...(scope == null ? {} : { scope }),
    })),
    links: links.map(({ client, server, edges, lookedUpOnly, firstSeen, lastSeen, protection }) => ({
      client,
      server,
      edges,
      lookedUpOnly,
      firstSeenAt: Date.parse(firstSeen),
      lastSeenAt: Date.parse(lastSeen),
      policies: POLICY_STATES.filter((state) => (protection.network[state] ?? 0) > 0 || (protection.mesh[state] ?? 0) > 0),
      undeclared: (protection.intents['undeclared'] ?? 0) > 0,
    })),
  };
}

const POLICY_STATES: readonly PolicyState[] = ['denied', 'open', 'unknown', 'allowed'];
