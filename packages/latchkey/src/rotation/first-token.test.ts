import { describe, expect, it } from 'vitest';
import type { Store } from '../core/store.ts';
import { createMemoryStore } from '../store/memory/open.ts';
import { mintCredential } from '../verify/mint.ts';
import { issueFirstToken } from './first-token.ts';

const START = 1_780_000_000_000;
const TTL_MS = 1000;

const issue = (store: Store, now: number, rotated: boolean) =>
  issueFirstToken(store.credentials, { prefix: 'lk_', ttlMs: TTL_MS, mint: mintCredential, now, rotated });

async function createOther(store: Store): Promise<void> {
  const { hash, hint } = mintCredential('lk_');
  const other = { kind: 'token', name: 'alice', owner: null, scopes: [], servers: null, expiresAt: null } as const;
  await store.credentials.create({ ...other, hash, hint }, START);
}

describe('issueFirstToken', () => {
  it('makes a token where none works, and none beside another', async () => {
    const store = createMemoryStore();
    expect(await issue(store, START, false)).toMatchObject({ name: 'default', expiresAt: START + TTL_MS });
    expect(await issue(store, START + 1, false)).toBeNull();
    expect(await issue(store, START + TTL_MS, false)).not.toBeNull();
    await createOther(store);
    expect(await issue(store, START + 2 * TTL_MS, false)).toBeNull();
  });

  it('makes one beside others where somebody waits for the next one', async () => {
    const store = createMemoryStore();
    await createOther(store);
    const made = await issue(store, START, true);
    expect(await store.credentials.find(made?.id ?? '')).toMatchObject({ name: 'default' });
    expect(await issue(store, START + 1, true)).toBeNull();
    expect(await issue(store, START + TTL_MS, true)).not.toBeNull();
  });

  it('makes none beside others in the place of one that was revoked', async () => {
    const store = createMemoryStore();
    const made = await issue(store, START, true);
    await createOther(store);
    await store.credentials.revoke({ id: made?.id ?? '' }, START + 1);
    expect(await issue(store, START + TTL_MS, true)).toBeNull();
  });
});
