import { generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JwtCrypto } from './jwt-crypto.ts';
import { nodeCrypto } from './node-crypto.ts';
import { parseKey as parseKeyWith, verifySignature, type VerificationKey } from './verification-key.ts';
import { webCrypto } from './web-crypto.ts';

const EVERY = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsaJwk = rsa.publicKey.export({ format: 'jwk' });
const ecJwk = ec.publicKey.export({ format: 'jwk' });

// RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2.
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

// RFC 8037 appendix A.4.
const OKP = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const OKP_INPUT = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc';
const OKP_SIGNATURE = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';

const modulusOf = (bytes: number): string => Buffer.alloc(bytes, 255).toString('base64url');

describe.each<[string, JwtCrypto]>([
  ['node:crypto', nodeCrypto],
  ['WebCrypto', webCrypto],
])('keys with %s', (_name, crypto) => {
  const parseKey = async (jwk: unknown, allowed: readonly string[]) => parseKeyWith(jwk, allowed, crypto.importKey);
  const signatureBytesOf = async (more: JsonWebKey) =>
    (await parseKey({ ...rsaJwk, ...more }, EVERY))?.signatureBytes ?? null;
  const of = async (jwk: JsonWebKey, allowed: readonly string[]) => (await parseKey(jwk, allowed))?.algorithms ?? null;

  describe('parseKey', () => {
    it('gives a key the algorithms that fit its type and the list', async () => {
      expect(await of(rsaJwk, EVERY)).toEqual(EVERY.slice(0, 6));
      expect(await of(ecJwk, EVERY)).toEqual(['ES256']);
      expect(await of(OKP, EVERY)).toEqual(['EdDSA', 'Ed25519']);
      expect(await of({ ...rsaJwk, alg: 'PS384' }, EVERY)).toEqual(['PS384']);
      expect(await of({ ...rsaJwk, alg: 'PS384' }, ['RS256'])).toBe(null);
      expect(await of(ecJwk, ['ES384', 'RS256'])).toBe(null);
    });

    it('keeps the name of a key, and knows the length of its signatures', async () => {
      expect(await parseKey({ ...ecJwk, kid: 'one' }, EVERY)).toMatchObject({ kid: 'one', signatureBytes: 64 });
      expect(await parseKey(rsaJwk, EVERY)).toMatchObject({ kid: null, signatureBytes: 256 });
      expect(await parseKey({ ...OKP, kid: 'two' }, EVERY)).toMatchObject({ kid: 'two', signatureBytes: 64 });
    });

    it('takes RSA keys to the bounds of modulus and exponent', async () => {
      expect(await Promise.all([256, 1024, 1025].map((bytes) => signatureBytesOf({ n: modulusOf(bytes) })))).toEqual([
        256,
        1024,
        null,
      ]);
      expect(await Promise.all(['Aw', '_____w', 'AQAAAAE'].map((e) => signatureBytesOf({ e })))).toEqual([
        256,
        256,
        null,
      ]);
    });

    it('takes a key that says it is for verifying', async () => {
      expect(await of({ ...ecJwk, use: 'sig', key_ops: ['sign', 'verify'] } as JsonWebKey, EVERY)).toEqual(['ES256']);
    });

    it.each<[string, unknown]>([
      ['null', null],
      ['text', 'key'],
      ['a list', [rsaJwk]],
      ['private', rsa.privateKey.export({ format: 'jwk' })],
      ['private EC', ec.privateKey.export({ format: 'jwk' })],
      ...PRIVATE.map((name): [string, unknown] => [`with a private ${name}`, { ...ecJwk, [name]: null }]),
      ['symmetric', { kty: 'oct', k: 'eA' }],
      ['named HS256', { ...rsaJwk, alg: 'HS256' }],
      ['for encryption', { ...rsaJwk, use: 'enc' }],
      ['for wrapping', { ...rsaJwk, key_ops: ['wrapKey'] }],
      ['of another type', { ...rsaJwk, kty: 'EC' }],
      ['of type rsa', { ...rsaJwk, kty: 'rsa' }],
      ['on another curve', { ...ecJwk, crv: 'P-384' }],
      ['on secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })],
      ['Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })],
      ['off its curve', { ...ecJwk, y: ecJwk.x }],
      ['of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
      ['with exponent 1', { ...rsaJwk, e: 'AQ' }],
      ['with an even exponent', { ...rsaJwk, e: 'AQAA' }],
      ['with a huge exponent', { ...rsaJwk, e: rsaJwk.n }],
      ['without modulus', { kty: 'RSA', e: 'AQAB' }],
      ['with kid null', { ...ecJwk, kid: null }],
      ['with an empty kid', { ...ecJwk, kid: '' }],
    ])('refuses a key %s', async (_what, jwk) => expect(await parseKey(jwk, EVERY)).toBe(null));
  });

  describe('verifySignature', () => {
    const input = Buffer.from('header.payload');
    let rsaKey: VerificationKey;
    let ecKey: VerificationKey;
    beforeAll(async () => {
      rsaKey = (await parseKey(rsaJwk, EVERY)) as VerificationKey;
      ecKey = (await parseKey(ecJwk, EVERY)) as VerificationKey;
    });

    it('verifies the example of RFC 8037', async () => {
      const key = (await parseKey(OKP, EVERY)) as VerificationKey;
      const signature = Buffer.from(OKP_SIGNATURE, 'base64url');
      expect(await verifySignature(key, 'EdDSA', Buffer.from(OKP_INPUT), signature)).toBe(true);
      expect(await verifySignature(key, 'EdDSA', Buffer.from(`${OKP_INPUT}x`), signature)).toBe(false);
    });

    it('does not take one padding of RSA for the other', async () => {
      const pkcs1 = sign('sha256', input, rsa.privateKey);
      expect(await verifySignature(rsaKey, 'RS256', input, pkcs1)).toBe(true);
      expect(await verifySignature(rsaKey, 'PS256', input, pkcs1)).toBe(false);
      expect(await verifySignature(rsaKey, 'RS512', input, pkcs1)).toBe(false);
    });

    it('does not verify with an algorithm that the key is not for', async () => {
      const pss = (await parseKey({ ...rsaJwk, alg: 'PS256' }, EVERY)) as VerificationKey;
      expect(await verifySignature(pss, 'RS256', input, sign('sha256', input, rsa.privateKey))).toBe(false);
    });

    it('takes ECDSA signatures as two numbers of full length only', async () => {
      const raw = sign('sha256', input, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
      expect(await verifySignature(ecKey, 'ES256', input, raw)).toBe(true);
      expect(await verifySignature(ecKey, 'ES256', input, sign('sha256', input, ec.privateKey))).toBe(false);
      for (const length of [0, 1, 63, 65])
        expect(await verifySignature(ecKey, 'ES256', input, Buffer.alloc(length))).toBe(false);
      expect(await verifySignature(ecKey, 'ES256', input, Buffer.alloc(64))).toBe(false);
      expect(await verifySignature(ecKey, 'RS256', input, raw)).toBe(false);
    });
  });
});
