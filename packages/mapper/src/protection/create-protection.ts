import type { Clock, ClusterChange, ClusterView } from '@nm/core';
import type { Store } from '../store/store.ts';
import { createDeclaredCalls } from './declared-calls.ts';
import { PolicyBook } from './policy-book.ts';
import { PolicyEnds } from './policy-ends.ts';
import { createProtectionView } from './protection-view.ts';
import type { ProtectionView } from './protection-view.ts';
import { createTallier } from './tallier.ts';
import type { Tallier } from './tallier.ts';

export interface Protection {
  /** To be called for every change, after the view took it. */
  apply(change: ClusterChange): void;
  readonly protection: ProtectionView;
  readonly tallier: Tallier;
  readonly declaredCalls: ReturnType<typeof createDeclaredCalls>;
}

/** All that policies and declared intents say about the map. */
export function createProtection(
  deps: { readonly store: Store; readonly view: ClusterView; readonly clock: Clock },
  options: { readonly cluster: string },
): Protection {
  const { store, view, clock } = deps;
  const now = (): number => clock.now();
  const ends = new PolicyEnds(view);
  const book = new PolicyBook({
    now,
    workloadsBehind({ namespace, name }) {
      const service = view.services.named(namespace, name, now());
      return service === undefined ? [] : view.services.behind(service, now());
    },
  });
  const protection = createProtectionView({ book, ends }, options);
  return {
    apply(change) {
      book.apply(change);
      ends.apply(change);
    },
    protection,
    tallier: createTallier({ store, book, ends, protection, now }, options),
    declaredCalls: createDeclaredCalls({ store, book, view, now }),
  };
}
