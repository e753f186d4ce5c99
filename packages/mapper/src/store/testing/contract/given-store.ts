import { silentLogger } from '@nm/core';
import { afterEach, beforeEach } from 'vitest';
import { createStore } from '../../create-store.ts';
import type { StoreOptions } from '../../store-options.ts';
import type { Store } from '../../store.ts';
import { T0 } from '../updates.ts';

export interface StoreUnderTest {
  /** URL of a new, empty store. */
  createUrl(): Promise<string>;
  /** False if what it held is gone when it is closed. */
  readonly keeps: boolean;
}

/** What every test of the contract starts from: a new, empty store. */
export interface GivenStore {
  readonly keeps: boolean;
  readonly store: Store;
  /** What the stores' clock says (milliseconds since the epoch); `T0` when a test begins. */
  now: number;
  /** Opens another store on the same database. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
  /** Closes `store` and opens it anew; one that keeps nothing is empty then. */
  reopen(options?: Partial<StoreOptions>): Promise<void>;
  /** Closes `store`. */
  stop(): Promise<void>;
}

export function givenStore(subject: StoreUnderTest): GivenStore {
  let url = '';
  let store: Store | undefined;
  const opened = new Set<Store>();
  const given: GivenStore = {
    keeps: subject.keeps,
    get store(): Store {
      if (store === undefined) throw new Error('there is a store within a test only');
      return store;
    },
    now: T0,
    async open(options = {}) {
      const another = createStore({ clock: { now: () => given.now }, log: silentLogger }, { url, changeIntervalMs: 10, ...options });
      await another.start();
      opened.add(another);
      return another;
    },
    async reopen(options) {
      await given.stop();
      if (!subject.keeps) url = await subject.createUrl();
      store = await given.open(options);
    },
    async stop() {
      opened.delete(given.store);
      await given.store.stop();
    },
  };
  beforeEach(async () => {
    given.now = T0;
    url = await subject.createUrl();
    store = await given.open();
  });
  afterEach(async () => {
    const all = [...opened];
    opened.clear();
    await Promise.all(all.map((each) => each.stop()));
  });
  return given;
}
