import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../packages/latchkey/src/core/secret.ts';
import type { Verdict, Verifier } from '../../packages/latchkey/src/core/verifier.ts';
import { createJwtVerifier } from '../../packages/latchkey/src/verify/jwt.ts';
import type { JwtCrypto } from '../../packages/latchkey/src/verify/jwt/jwt-crypto.ts';
import { createKeySet } from '../../packages/latchkey/src/verify/jwt/key-set.ts';
import { nodeCrypto } from '../../packages/latchkey/src/verify/jwt/node-crypto.ts';
import { webCrypto } from '../../packages/latchkey/src/verify/jwt/web-crypto.ts';
import { createIssuerKey, signCompact, type IssuerKey } from '../fixtures/issuer-keys.ts';

const RUNS = 3000;
const NOW = 1_800_000_000_000;
const ISSUER = 'https://issuer.example';
const RESOURCE = 'https://mcp.example/mcp';
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA', 'PS256', 'ES384', 'ES512'];
const right = { iss: ISSUER, sub: 'alice', aud: RESOURCE, exp: NOW / 1000 + 300 };

let keys: readonly IssuerKey[];
const headerOf = ({ alg, kid }: IssuerKey): object => ({ alg, kid, typ: 'at+jwt' });

beforeAll(() => {
  keys = ALGORITHMS.map(createIssuerKey);
});

function createVerifier(crypto: JwtCrypto): Verifier {
  const scopes = { always: [], claims: ['scope'], table: {} };
  const rules = { name: 'corp', issuer: ISSUER, audiences: null, foreignAudiences: false, clients: null, required: {} };
  const set = createKeySet({
    algorithms: ALGORITHMS,
    crypto,
    from: { url: `${ISSUER}/jwks` },
    metadata: () => Promise.reject(new Error('not asked')),
    outgoing: async () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({ keys: keys.map((key) => key.publicJwk) }),
    }),
    refreshMs: 600_000,
    maxAgeMs: 600_000,
  });
  return createJwtVerifier({
    issuers: [{ rules: { ...rules, scopes }, algorithms: ALGORITHMS, types: ['at+jwt'], keys: set }],
    crypto,
    resourcesOf: () => [RESOURCE],
    cacheSize: 10,
  });
}

const anyKey = fc.nat(ALGORITHMS.length - 1).map((at) => () => keys[at] as IssuerKey);
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/~:';

/** One change of the text: a character put in, taken out, or in the place of another; two parts or pieces swapped. */
const change = fc.record({
  kind: fc.constantFrom('insert', 'remove', 'replace', 'swap', 'truncate', 'append'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  character: fc.constantFrom(...CHARACTERS),
});
type Change = typeof change extends fc.Arbitrary<infer Each> ? Each : never;

function mutate(token: string, { kind, at, to, character }: Change): string {
  const [first, second] = [Math.floor(at * token.length), Math.floor(to * token.length)];
  switch (kind) {
    case 'insert':
      return token.slice(0, first) + character + token.slice(first);
    case 'remove':
      return token.slice(0, first) + token.slice(first + 1);
    case 'replace':
      return token.slice(0, first) + character + token.slice(first + 1);
    case 'truncate':
      return token.slice(0, first);
    case 'append':
      return token + character;
    default: {
      const pieces = [...token];
      [pieces[first], pieces[second]] = [pieces[second] as string, pieces[first] as string];
      return pieces.join('');
    }
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each([
  ['node:crypto', nodeCrypto],
  ['WebCrypto', webCrypto],
])('createJwtVerifier with %s', (_name, crypto) => {
  let verifier: Verifier;
  const verify = async (token: string): Promise<Verdict> =>
    verifier.verify({ scheme: 'bearer', secret: new Secret(token), proof: null }, 'default', NOW);
  beforeAll(() => {
    verifier = createVerifier(crypto);
  });

  it('accepts what the issuer signed, by each algorithm', async () => {
    for (const key of keys)
      expect(await verify(signCompact(headerOf(key), right, key))).toMatchObject({ kind: 'accept' });
  });

  it('accepts no token that differs from what the issuer signed in one character or more', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, fc.array(change, { minLength: 1, maxLength: 3 }), async (key, changes) => {
        const token = signCompact(headerOf(key()), right, key());
        const changed = changes.reduce(mutate, token);
        fc.pre(changed !== token);
        expect((await verify(changed)).kind).not.toBe('accept');
      }),
      { numRuns: RUNS },
    );
  });

  it('accepts no claims and no header but by their signature', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, anyKey, fc.jsonValue(), fc.jsonValue(), async (key, other, header, claims) => {
        const [head, payload, signature] = signCompact(headerOf(key()), right, key()).split('.');
        const grown = encode({ ...right, scope: claims });
        for (const forged of [
          `${encode(header)}.${payload}.${signature}`,
          `${head}.${encode(claims)}.${signature}`,
          `${head}.${grown}.${signature}`,
          `${encode({ ...headerOf(key()), x: header })}.${payload}.${signature}`,
          signCompact(headerOf(key()), right, createdElsewhere),
          ...(key() === other() ? [] : [signCompact(headerOf(key()), right, other())]),
        ])
          expect((await verify(forged)).kind).not.toBe('accept');
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, whatever it is given', async () => {
    const part = fc.oneof(fc.base64String(), fc.jsonValue().map(encode));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        expect(['skip', 'reject']).toContain((await verify(parts.join('.'))).kind);
      }),
      { numRuns: RUNS },
    );
  });
});

const createdElsewhere = createIssuerKey('ES256');
