import { describe, it } from 'vitest';
import type { Store } from '../../packages/latchkey/src/core/store.ts';
import { createMemoryStore } from '../../packages/latchkey/src/store/memory/open.ts';
import { testStore } from '../../packages/latchkey/src/testing/test-store.ts';

const stores = new Map<string, Store>();

describe('store: memory', () => {
  testStore({
    describe,
    it,
    open(place) {
      const store = stores.get(place) ?? createMemoryStore();
      stores.set(place, store);
      return store;
    },
    remove: (place) => stores.delete(place),
  });
});
