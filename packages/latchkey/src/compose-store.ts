/** The parts that the credential and trail commands join, without the gateway and its start-up time. */
export { openStore, type StoreOptions } from './store/sqlite/open.ts';
export { requireStore } from './store/sqlite/require-store.ts';
export { judgeHeld, toHeld, type HeldReason } from './verify/held-credential.ts';
export { mintCredential } from './verify/mint.ts';
