import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewCredential, Store } from '../core/store.ts';
import { openStore } from '../store/sqlite/open.ts';
import { digestOf, mintCredential } from '../verify/mint.ts';
import { exchangeCredential } from './exchange.ts';

const NOW = 1_780_000_000_000;
const HOUR = 3_600_000;

describe('exchangeCredential', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-exchange-'));
    store = await openStore(folder);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const create = async (more: Partial<NewCredential> = {}) => {
    const { hash, hint } = mintCredential('lk_');
    await store.credentials.create(
      {
        kind: 'token',
        name: 'a',
        owner: null,
        scopes: ['x'],
        servers: null,
        expiresAt: NOW + HOUR,
        hash,
        hint,
        ...more,
      },
      NOW,
    );
    return hash;
  };
  const exchange = (hash: string, now = NOW, ttlMs = 24 * HOUR) =>
    exchangeCredential(store.credentials, hash, { graceMs: 1000, ttlMs, now, mint: mintCredential });

  it('gives a successor with the same rights and no longer a life', async () => {
    const hash = await create();
    const outcome = await exchange(hash, NOW + HOUR / 2);
    if (outcome.kind !== 'rotated') throw new Error(outcome.reason);
    expect(outcome).toMatchObject({ name: 'a', scopes: ['x'], expiresAt: NOW + 1.5 * HOUR });
    expect(JSON.stringify(outcome)).not.toContain(outcome.token.reveal());
    expect(await store.credentials.findByHash(digestOf(outcome.token.reveal()))).toMatchObject({
      name: 'a',
      scopes: ['x'],
    });
    expect((await store.credentials.findByHash(hash))?.expiresAt).toBe(NOW + HOUR / 2 + 1000);
  });

  it('bounds the life of the successor', async () => {
    expect(await exchange(await create(), NOW, 1000)).toMatchObject({ expiresAt: NOW + 1000 });
    expect(await exchange(await create({ name: 'b', expiresAt: null }), NOW, 5000)).toMatchObject({
      expiresAt: NOW + 5000,
    });
  });

  it('refuses what is absent, revoked, expired, rotated already or a key', async () => {
    const expired = await create({ name: 'expired' });
    const revoked = await create({ name: 'revoked' });
    const key = await create({ name: 'key', kind: 'key', owner: 'Ada' });
    const rotated = await create({ name: 'rotated' });
    await store.credentials.revoke({ hash: revoked }, NOW);
    await exchange(rotated);
    const reasonOf = async (hash: string, now = NOW) => {
      const outcome = await exchange(hash, now);
      return outcome.kind === 'refused' ? outcome.reason : outcome.kind;
    };
    expect(await reasonOf('0'.repeat(64))).toBe('absent');
    expect(await reasonOf(revoked)).toBe('revoked');
    expect(await reasonOf(expired, NOW + HOUR)).toBe('expired');
    expect(await reasonOf(rotated)).toBe('already-rotated');
    expect(await reasonOf(key)).toBe('is-a-key');
  });

  it('lets one of several concurrent calls win', async () => {
    const hash = await create();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => exchange(hash)));
    expect(outcomes.filter((outcome) => outcome.kind === 'rotated')).toHaveLength(1);
  });
});
