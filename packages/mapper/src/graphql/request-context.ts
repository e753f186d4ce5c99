import type { Identity } from '../auth/identity.ts';

/** What resolvers know of a request. */
export interface RequestContext {
  readonly identity: Identity;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}
