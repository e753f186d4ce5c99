import type { schema } from '@nm/api';
import type { EdgeFilter } from '@nm/core';

/** Names of which the mapper's text search surely finds every edge: one plain label of DNS (RFC 1123). */
const PLAIN_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** Names that lists give to peers that have none. */
const MADE_UP = new Set(['kubernetes', 'internet']);
/** Where lists show the API server, which has no namespace. */
const SHOWN_OF_API_SERVER = 'default';

/**
 * The part of a filter that the mapper can apply, so that it sends less. It lets through at least what the filter
 * lets through: the rest is for `selectEdges`.
 */
export function toApiFilter(filter: EdgeFilter): schema.EdgeFilter {
  const { namespaces, toNamespaces, workloads, evidence, server } = filter;
  const [workload] = workloads?.length === 1 ? workloads : [];
  return {
    ...(filter.includeSystem === true && { includeSystem: true }),
    ...(filter.includeUnknown === true && { includeUnknown: true }),
    // Of a server's clients everything else that they call is shown too: nothing can be left out before they are known.
    ...(server === undefined && {
      ...(isExact(namespaces) && { client: { namespaces } }),
      ...(isExact(toNamespaces) && { server: { namespaces: toNamespaces } }),
      ...(evidence !== undefined && evidence.length > 0 && { evidence }),
      ...(workload !== undefined && PLAIN_NAME.test(workload.name) && !MADE_UP.has(workload.name) && { text: workload.name }),
    }),
  };
}

function isExact(namespaces: readonly string[] | undefined): namespaces is readonly string[] {
  return namespaces !== undefined && namespaces.length > 0 && !namespaces.includes(SHOWN_OF_API_SERVER);
}
