import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, exportJWK, jwtVerify, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ClientCredentials } from '../core/issuer.ts';
import { Secret } from '../core/secret.ts';
import { createClientAuthentication } from './client-authentication.ts';

const NOW = Date.now();
const TO = { issuer: 'https://issuer.example', endpoint: 'https://issuer.example/introspect', now: NOW };

function authenticate(method: ClientCredentials['method'], secret: string | null, id = 'gateway') {
  return createClientAuthentication({ id, method, secret: secret === null ? null : new Secret(secret) });
}

async function proofOf(method: ClientCredentials['method'], secret: string | null, id?: string) {
  const form = new URLSearchParams({ token: 'abc' });
  const headers = await authenticate(method, secret, id)(form, TO);
  return { form: Object.fromEntries(form), headers };
}

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string;

describe('createClientAuthentication', () => {
  it('encodes id and secret as a form does before they are joined by a colon', async () => {
    const { form, headers } = await proofOf('client_secret_basic', 'p:ä+ /~%', 'my client:1');
    expect(form).toEqual({ token: 'abc' });
    expect(headers[0]).toBe('authorization');
    const pair = Buffer.from(headers[1]?.replace('Basic ', '') ?? '', 'base64').toString();
    expect(pair).toBe('my+client%3A1:p%3A%C3%A4%2B+%2F%7E%25');
  });

  it('puts id and secret into the form', async () => {
    expect(await proofOf('client_secret_post', 's3cret&')).toEqual({
      form: { token: 'abc', client_id: 'gateway', client_secret: 's3cret&' },
      headers: [],
    });
  });

  it('names itself where no proof is asked', async () => {
    expect(await proofOf('none', null)).toEqual({ form: { token: 'abc', client_id: 'gateway' }, headers: [] });
  });

  it.each([
    ['EC P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'],
    ['EC P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'ES384'],
    ['EC P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'ES512'],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'],
    ['Ed25519', generateKeyPairSync('ed25519'), 'EdDSA'],
  ])('signs an assertion for the issuer alone with %s', async (_, { privateKey }, alg) => {
    for (const text of [pem(privateKey), JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'k1' })]) {
      const { form, headers } = await proofOf('private_key_jwt', text);
      expect(headers).toEqual([]);
      expect(form['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      const { payload, protectedHeader } = await jwtVerify(form['client_assertion'] ?? '', createPublicKey(privateKey));
      expect(protectedHeader).toEqual({
        alg,
        typ: 'client-authentication+jwt',
        ...(text.startsWith('{') ? { kid: 'k1' } : {}),
      });
      const iat = Math.floor(NOW / 1000);
      expect(payload).toEqual({
        iss: 'gateway',
        sub: 'gateway',
        aud: 'https://issuer.example',
        jti: expect.stringMatching(/^[\da-f-]{36}$/),
        iat,
        exp: iat + 60,
      });
    }
  });

  it('never uses a jti twice', async () => {
    const prove = authenticate('private_key_jwt', pem(generateKeyPairSync('ed25519').privateKey));
    const forms = [new URLSearchParams(), new URLSearchParams()];
    for (const form of forms) await prove(form, TO);
    expect(forms[0]?.get('client_assertion')).not.toBe(forms[1]?.get('client_assertion'));
  });

  it('signs with the algorithm that a JWK names', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(privateKey)), alg: 'PS384', kid: 'k' };
    const { form } = await proofOf('private_key_jwt', JSON.stringify(jwk));
    const { kty, n, e } = jwk as JWK & { kty: string };
    const keys = createLocalJWKSet({ keys: [{ kty, n: n ?? '', e: e ?? '', alg: 'PS384', kid: 'k' }] });
    const { protectedHeader } = await jwtVerify(form['client_assertion'] ?? '', keys);
    expect(protectedHeader.alg).toBe('PS384');
  });

  it.each([
    ['no secret', null, 'E_SECRET_MISSING'],
    ['a password', 'correct horse', 'E_CONFIG_INVALID'],
    ['broken JSON', '{"kty":"EC"', 'E_CONFIG_INVALID'],
    [
      'a public key',
      JSON.stringify(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })),
      'E_CONFIG_INVALID',
    ],
    ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), 'E_CONFIG_INVALID'],
    ['a curve of coins', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), 'E_CONFIG_INVALID'],
    ['a key that only agrees', pem(generateKeyPairSync('x25519').privateKey), 'E_CONFIG_INVALID'],
    [
      'an algorithm of another kind of key',
      JSON.stringify({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), alg: 'ES256' }),
      'E_CONFIG_INVALID',
    ],
  ])('takes no %s for a private key, and does not quote it', (_, text, code) => {
    expect(() => authenticate('private_key_jwt', text)).toThrow(
      expect.objectContaining({ code, message: expect.not.stringContaining(text ?? 'undefined') }),
    );
  });
});
