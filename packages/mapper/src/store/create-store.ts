import type { Clock, Logger } from '@nm/core';
import { StoreError } from './store-error.ts';
import type { StoreOptions } from './store-options.ts';
import type { Store } from './store.ts';

export interface StoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A store for the URL's database. @throws StoreError `store_url_invalid` */
export function createStore(_deps: StoreDeps, options: Partial<StoreOptions> & Pick<StoreOptions, 'url'>): Store {
  throw new StoreError('store_url_invalid', `store ${options.url}: not implemented yet`);
}
