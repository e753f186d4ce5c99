import type { ClusterChange } from '@nm/core';
import { expect } from 'vitest';
import { toClusterChanges } from '../objects/to-cluster-changes.ts';
import type { ObjectContext } from '../objects/to-cluster-changes.ts';

/** The one change of a type that an object means. */
export function only<Type extends ClusterChange['type']>(
  type: Type,
  object: unknown,
  context?: ObjectContext,
): Extract<ClusterChange, { type: Type }> {
  const found = toClusterChanges(object, context).filter(
    (change): change is Extract<ClusterChange, { type: Type }> => change.type === type,
  );
  expect(found).toHaveLength(1);
  return found[0] as Extract<ClusterChange, { type: Type }>;
}
