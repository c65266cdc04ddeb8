export { createMemoryStore, type MemoryStoreOptions } from './store/memory/open.ts';
export { testStore, type StoreContract } from './testing/test-store.ts';
