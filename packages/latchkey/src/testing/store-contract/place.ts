import type { Awaitable, Store } from '../../core/store.ts';

/** Where one test has its store, empty at first. */
export interface Place {
  readonly store: Store;
  /** Another connection to the same store; closed when the test ends. */
  openAnother(): Promise<Store>;
}

/** A part of the contract registers its tests with these. */
export interface Section {
  describe(name: string, body: () => void): void;
  it(name: string, body: (place: Place) => Promise<void>): void;
}

export interface StoreEngine {
  readonly open: (place: string) => Awaitable<Store>;
  readonly remove?: (place: string) => Awaitable<unknown>;
}

/** Runs `body` with a store of its own, then closes every connection and removes it, whatever `body` did. */
export async function withPlace(
  { open, remove }: StoreEngine,
  name: string,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const opened: Store[] = [];
  const openAnother = async (): Promise<Store> => {
    const store = await open(name);
    opened.push(store);
    return store;
  };
  try {
    await body({ store: await openAnother(), openAnother });
  } finally {
    for (const store of opened.toReversed()) await store.close();
    await remove?.(name);
  }
}
