import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadIssuerKey, type IssuerKey } from './issuer-keys.ts';

const ISSUER = 'https://issuer.example';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
const RSA = rsa.export({ format: 'jwk' });
const EC = p256.export({ format: 'jwk' });

/** What is found of issuers whose metadata are these, when each key set is that. */
async function load(metadata: readonly object[], keySet: unknown): Promise<{ key: IssuerKey | null; asked: string[] }> {
  const asked: string[] = [];
  const key = await loadIssuerKey({
    issuers: [
      {
        issuer: ISSUER,
        documents: metadata.map((json) => ({ url: new URL(ISSUER), reply: null, json: { ...json }, problem: null })),
      },
    ],
    async send({ url }) {
      asked.push(url.href);
      return {
        kind: 'answer',
        status: 200,
        headers: [],
        body: JSON.stringify(keySet),
        cut: null,
        tls: null,
        durationMs: 0,
      };
    },
  });
  return { key, asked };
}

const KEYS_AT = { jwks_uri: `${ISSUER}/keys` };

describe('loadIssuerKey', () => {
  it('takes the first that signs with RSA or P-256, and passes over all others', async () => {
    const others = [
      null,
      'text',
      { kty: 'oct', k: 'AAAA' },
      { ...RSA, use: 'enc', kid: 'for encryption' },
      p384.export({ format: 'jwk' }),
      { kty: 'RSA', kid: 'no numbers' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      { ...EC, kty: 'OKP' },
    ];
    const first = await load([KEYS_AT], { keys: [...others, { ...RSA, use: 'sig', kid: 'one' }, EC] });
    expect(first.key).toMatchObject({ algorithm: 'RS256', kid: 'one' });
    expect(first.key?.key.equals(rsa)).toBe(true);
    const second = await load([KEYS_AT], { keys: [...others, { ...EC, kid: 7 }, RSA] });
    expect(second.key).toMatchObject({ algorithm: 'ES256', kid: null });
    expect(second.key?.key.equals(p256)).toBe(true);
    expect((await load([KEYS_AT], { keys: others })).key).toBeNull();
  });

  it('looks on where there is no set, or none of use', async () => {
    const asked = [`${ISSUER}/keys`];
    expect(await load([{}, { jwks_uri: 7 }, { jwks_uri: 'no url' }], { keys: [RSA] })).toEqual({
      key: null,
      asked: [],
    });
    for (const keySet of [{}, { keys: RSA }, [RSA], 'text'])
      expect(await load([KEYS_AT], keySet)).toEqual({ key: null, asked });
    expect((await load([{}, KEYS_AT], { keys: [RSA] })).key?.algorithm).toBe('RS256');
    expect(await load([{ jwks_uri: 'http://issuer.example/keys' }], { keys: [RSA] })).toEqual({ key: null, asked: [] });
  });
});
