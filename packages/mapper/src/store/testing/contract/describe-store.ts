import { describe } from 'vitest';
import { describeClusterState } from './cluster-state.ts';
import { describeEdges } from './edges.ts';
import { describeExports } from './exports.ts';
import { givenStore } from './given-store.ts';
import type { StoreUnderTest } from './given-store.ts';
import { describeIntake } from './intake.ts';
import { describeLifeCycle } from './life-cycle.ts';
import { describeMaintenance } from './maintenance.ts';
import { describeQueries } from './queries.ts';

/** What every store must do. */
export function describeStore(name: string, subject: StoreUnderTest): void {
  describe(`store contract: ${name}`, () => {
    const given = givenStore(subject);
    describeIntake(given);
    describeEdges(given);
    describeQueries(given);
    describeExports(given);
    describeClusterState(given);
    describeMaintenance(given);
    describeLifeCycle(given);
  });
}
