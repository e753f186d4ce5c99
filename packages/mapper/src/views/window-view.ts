import type { schema } from '@nm/api';
import { toRfc3339 } from '@nm/core';
import type { Window } from '../store/query.ts';

/** The GraphQL type Window; absent ends are open. */
export function toWindowView({ since, until }: Window): schema.Window {
  return { since: since === undefined ? null : toRfc3339(since), until: until === undefined ? null : toRfc3339(until) };
}
