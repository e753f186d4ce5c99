import type { Clock, Logger } from '@nm/core';
import type { Backend } from './backend.ts';
import { openPostgres } from './postgres/open-postgres.ts';
import { SqlStore } from './sql-store.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';
import { StoreError } from './store-error.ts';
import { STORE_DEFAULTS } from './store-options.ts';
import type { StoreOptions } from './store-options.ts';
import type { Store } from './store.ts';

export interface StoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A store for the URL's database.
 * @throws StoreError `store_url_invalid`, `store_network_filesystem`, `store_unavailable`
 */
export function createStore(deps: StoreDeps, options: Partial<StoreOptions> & Pick<StoreOptions, 'url'>): Store {
  const all: StoreOptions = { ...STORE_DEFAULTS, ...options };
  const retries = { count: 0 };
  return new SqlStore({ ...deps, retries, backend: openBackend(deps, all, retries) }, all);
}

function openBackend(deps: StoreDeps, options: StoreOptions, retries: { count: number }): Backend {
  const { url } = options;
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length) {
    return openSqlite(url.slice('sqlite:'.length), {
      onCheckpointFailure: (reason) => deps.log.warn('the store’s log was not copied into its file; it grows meanwhile', { reason }),
    });
  }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    return openPostgres(url, {
      maxConnections: options.maxConnections,
      log: deps.log,
      onRetry: () => {
        retries.count += 1;
      },
    });
  }
  throw new StoreError('store_url_invalid', '--store must be sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE', {
    fields: { scheme: url.split(':')[0] },
  });
}
