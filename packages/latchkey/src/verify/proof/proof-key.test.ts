import { describe, expect, it } from 'vitest';
import { createDpopClient } from '../../../../../test/fixtures/dpop-client.ts';
import { readProofKey } from './proof-key.ts';

const [ec, okp, rsa] = ['ES256', 'Ed25519', 'RS256'].map((alg) => createDpopClient(alg)) as [
  ReturnType<typeof createDpopClient>,
  ReturnType<typeof createDpopClient>,
  ReturnType<typeof createDpopClient>,
];
const headerOf = (jwk: object, more: object = {}) => ({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...more });

const ALG = 'alg of the proof is none that is taken';
const JWK = 'jwk of the proof is missing or no public key that is taken';

describe('readProofKey', () => {
  it.each([ec, okp, rsa])('knows the thumbprint of a key', ({ publicJwk, thumbprint }) => {
    expect(readProofKey(headerOf(publicJwk))).toMatchObject({ thumbprint });
  });

  it.each([undefined, 'JWT', 'DPOP+JWT'])('refuses the type %s', (typ) => {
    expect(readProofKey(headerOf(ec.publicJwk, { typ }))).toBe('typ of the proof is not dpop+jwt');
  });

  it.each([undefined, null, 1, '', 'none', 'HS256', 'es256', ['ES256']])('refuses the algorithm %j', (alg) => {
    expect(readProofKey(headerOf(ec.publicJwk, { alg }))).toBe(ALG);
  });

  it.each(['crit', 'b64', 'jku', 'x5u', 'x5c', 'zip', 'enc'])('refuses %s, whatever it says', (name) => {
    expect(readProofKey(headerOf(ec.publicJwk, { [name]: null }))).toBe(
      `${name} in the header of the proof is not taken`,
    );
  });

  it.each([undefined, null, 'key', [], {}])('refuses %j in place of a key', (jwk) => {
    expect(readProofKey({ typ: 'dpop+jwt', alg: 'ES256', jwk })).toBe(JWK);
  });

  // A member with more before or behind would be another thumbprint for what programs may take for the same key.
  it.each([ec, okp, rsa].flatMap(({ publicJwk }) => Object.keys(publicJwk).map((name) => [name, publicJwk] as const)))(
    'refuses a key whose %s is missing, no text or has more around it',
    (name, publicJwk) => {
      const members = publicJwk as Readonly<Record<string, unknown>>;
      const text = String(members[name]);
      const wrong = [undefined, null, 1, [text], '', ` ${text}`, `${text} `, `${text}\n`];
      // Coordinates and moduli have several lengths.
      if (['crv', 'e', 'kty'].includes(name)) wrong.push(`x${text}`, `${text}x`);
      for (const value of wrong)
        expect([value, readProofKey(headerOf({ ...members, [name]: value }))]).toEqual([value, JWK]);
    },
  );
});
