import { createPublicKey, sign, verify } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { createIdentityKeys, EPOCH_MS } from './identity-keys.ts';

const SECRET = '0f'.repeat(32);
const PINNED = 'eL3_-v0EfkmfhrOTs9CBaRfmZfz_5BkiBaMQFTjfx20';
const NOW = 700 * EPOCH_MS + 5;
const kidsAt = (now: number): string[] =>
  (JSON.parse(createIdentityKeys(SECRET).keySetAt(now)) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

describe('createIdentityKeys', () => {
  it('gives every gateway with the secret the same keys, and any other another', () => {
    const key = createIdentityKeys(SECRET).keyAt(NOW);
    expect(createIdentityKeys(SECRET).keyAt(NOW + EPOCH_MS - 6).kid).toBe(key.kid);
    expect(createIdentityKeys(SECRET).keyAt(NOW + EPOCH_MS).kid).not.toBe(key.kid);
    expect(createIdentityKeys('0e'.repeat(32)).keyAt(NOW).kid).not.toBe(key.kid);
    // Changes when what is derived changes: then servers would have to fetch the keys again.
    expect(key.kid).toBe(PINNED);
  });

  it('publishes what signs before it signs and after it has signed', () => {
    const [before, current, next] = kidsAt(NOW);
    expect(createIdentityKeys(SECRET).keyAt(NOW).kid).toBe(current);
    expect(kidsAt(NOW + EPOCH_MS).slice(0, 2)).toEqual([current, next]);
    expect(kidsAt(NOW - EPOCH_MS).slice(1)).toEqual([before, current]);
  });

  it('names keys by their thumbprint and shows their public half only', async () => {
    const { kid, privateKey, publicJwk } = createIdentityKeys(SECRET).keyAt(NOW);
    expect(await calculateJwkThumbprint(publicJwk)).toBe(kid);
    expect(Object.keys(publicJwk)).not.toContain('d');
    const data = Buffer.from('x');
    const key = createPublicKey({ key: publicJwk as never, format: 'jwk' });
    expect(verify('sha256', data, key, sign('sha256', data, privateKey))).toBe(true);
  });
});
