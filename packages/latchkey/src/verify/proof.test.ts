import { createHash, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { athOf, createDpopClient, type DpopClient } from '../../../../test/fixtures/dpop-client.ts';
import { malformedProofs } from '../../../../test/fixtures/wrong-proofs.ts';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import type { Credential, Verdict, Verifier } from '../core/verifier.ts';
import { PROOF_ALGORITHMS } from './proof/proof-key.ts';
import { provePossession, type PossessionOptions } from './proof.ts';

const URL_HERE = 'http://127.0.0.1:8787/mcp';
const MAX_AGE = 300_000;
const client = createDpopClient();

const principal = (more: Partial<Principal>): Principal => ({ ...createAnonymous([]), issuer: 'https://i', ...more });

/** Knows its tokens as any other verifier does. */
function verifierOf(tokens: Readonly<Record<string, Principal>>, later = false): Verifier {
  return {
    name: 'known',
    verify({ secret }) {
      const found = tokens[secret.reveal()];
      const verdict: Verdict =
        found === undefined ? { kind: 'reject', reason: 'credential-unknown' } : { kind: 'accept', principal: found };
      return later ? Promise.resolve(verdict) : verdict;
    },
  };
}

const TOKENS = {
  bound: principal({ keyThumbprint: client.thumbprint }),
  free: principal({}),
  own: principal({ issuer: null }),
};

interface Asked {
  readonly token?: string;
  readonly now?: number;
  readonly method?: string;
  readonly request?: object;
}

function create(options: Partial<PossessionOptions> = {}, later = false) {
  const verifier = provePossession(verifierOf(TOKENS, later), {
    required: false,
    maxAgeMs: MAX_AGE,
    nonceSecret: null,
    ...options,
  });
  return (jwt: string | null, more: Partial<Credential> & Asked = {}) => {
    const { token = 'bound', now = Date.now(), method = 'POST', scheme = 'dpop', request } = more;
    const proof = jwt === null ? null : { jwt, method, url: URL_HERE, request };
    return verifier.verify({ scheme, secret: new Secret(token), proof }, 'default', now);
  };
}

const wordOf = (verdict: Verdict | Promise<Verdict>): string =>
  verdict instanceof Promise ? 'a promise' : verdict.kind === 'reject' ? verdict.reason : verdict.kind;
const prove = (more: Partial<Parameters<DpopClient['prove']>[0]> = {}): string =>
  client.prove({ url: URL_HERE, token: 'bound', ...more });

describe('provePossession', () => {
  it('lets a bound token in with a proof of its key, and with nothing less', () => {
    const verify = create();
    expect(verify(prove())).toEqual({ kind: 'accept', principal: TOKENS.bound });
    expect(wordOf(verify(null))).toBe('proof-invalid');
    expect(wordOf(verify(prove(), { scheme: 'bearer' }))).toBe('credential-bound');
    expect(wordOf(verify(null, { scheme: 'bearer' }))).toBe('credential-bound');
    expect(wordOf(verify(null, { scheme: 'api-key' }))).toBe('credential-bound');
  });

  it('takes other tokens as bearers, proof or not, and never as what they are not', () => {
    const verify = create();
    for (const token of ['free', 'own'] as const) {
      expect(verify(null, { token, scheme: 'bearer' })).toEqual({ kind: 'accept', principal: TOKENS[token] });
      expect(wordOf(verify(prove({ token }), { token, scheme: 'bearer' }))).toBe('accept');
      expect(wordOf(verify(prove({ token }), { token }))).toBe('credential-bound');
    }
  });

  it('asks tokens of issuers to be bound where that is required, and no others', () => {
    const verify = create({ required: true });
    expect(wordOf(verify(null, { token: 'free', scheme: 'bearer' }))).toBe('credential-bound');
    expect(wordOf(verify(null, { token: 'own', scheme: 'bearer' }))).toBe('accept');
    expect(wordOf(verify(prove()))).toBe('accept');
  });

  it('says what is wrong, in words that help', () => {
    const verify = create();
    const used = prove();
    verify(used);
    const long = prove({ claims: { filler: 'x'.repeat(8192) } });
    const said = (...asked: Parameters<typeof verify>) => (verify(...asked) as { detail?: string }).detail;
    expect(said(null, { scheme: 'bearer' })).toBe(
      'it is bound to a key: it is taken as Authorization: DPoP with a proof only',
    );
    expect(said(prove({ token: 'free' }), { token: 'free' })).toBe(
      'it came as Authorization: DPoP, but is bound to no key',
    );
    expect(said(createDpopClient().prove({ url: URL_HERE, token: 'bound' }))).toBe(
      'it is bound to another key than the one of the proof',
    );
    expect(said(null)).toBe('there is no DPoP header');
    expect(said(long)).toBe('the proof is no JWT: it is too long');
    expect(said('a.b')).toMatch(/^the proof is no JWT: it is not base64url/);
    expect(said(prove({ signing: createDpopClient().key }))).toBe('the signature of the proof is not by its key');
    expect(said(used)).toBe('jti of the proof was used before');
    expect((create({ required: true })(null, { token: 'free', scheme: 'bearer' }) as { detail?: string }).detail).toBe(
      'it is bound to no key; see auth.dpop.required',
    );
    expect((create({ nonceSecret: 'secret' })(prove()) as { detail?: string }).detail).toBe('nonce is missing or old');
  });

  it('leaves what the verifier refuses as it is, and waits for one that takes its time', async () => {
    expect(await create()(prove({ token: 'x' }), { token: 'x' })).toMatchObject({ reason: 'credential-unknown' });
    const verify = create({}, true);
    const jwt = prove();
    expect((await verify(jwt)).kind).toBe('accept');
    expect(wordOf(await verify(jwt))).toBe('proof-invalid');
  });

  it('takes a proof again for the request that it was taken for, as long as it fits, and for no other', () => {
    const [request, other] = [{}, {}];
    const verify = create();
    const proof = prove();
    expect(wordOf(verify(proof, { request }))).toBe('accept');
    expect(wordOf(verify(proof, { request }))).toBe('accept');
    expect(wordOf(verify(proof, { request, method: 'GET' }))).toBe('proof-invalid');
    expect(wordOf(verify(proof, { request, now: Date.now() + 2 * MAX_AGE }))).toBe('proof-invalid');
    expect(wordOf(verify(proof, { request, token: 'free' }))).toBe('credential-bound');
    expect(wordOf(verify(proof, { request: other }))).toBe('proof-invalid');
    expect(wordOf(verify(proof))).toBe('proof-invalid');
    const used = prove();
    expect(wordOf(verify(used))).toBe('accept');
    expect(wordOf(verify(used, { request }))).toBe('proof-invalid');
  });

  it('takes each proof once, of two at the same time too', async () => {
    const verify = create({}, true);
    const jwt = prove();
    const verdicts = await Promise.all([verify(jwt), verify(jwt), verify(jwt)]);
    expect(verdicts.map(wordOf).toSorted()).toEqual(['accept', 'proof-invalid', 'proof-invalid']);
    const again = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(wordOf(await verify(prove({ claims: { ...again, iat: Math.floor(Date.now() / 1000) + 1 } })))).toBe(
      'proof-invalid',
    );
  });

  it('forgets a proof when it could be shown no longer', () => {
    const verify = create();
    const now = 1_800_000_000_000;
    const at = (later: number) =>
      wordOf(verify(prove({ claims: { jti: 'the-same', iat: (now + later) / 1000 } }), { now: now + later }));
    expect([at(0), at(MAX_AGE), at(10 * MAX_AGE)]).toEqual(['accept', 'proof-invalid', 'accept']);
  });

  it('remembers nothing of a proof that is refused', () => {
    const verify = create();
    const claims = { jti: 'the-same' };
    expect(wordOf(verify(prove({ claims }), { method: 'GET' }))).toBe('proof-invalid');
    expect(wordOf(verify(`${prove({ claims }).slice(0, -8)}AAAAAAAA`))).toBe('proof-invalid');
    expect(wordOf(verify(prove({ claims })))).toBe('accept');
  });

  it.each(Object.entries(malformedProofs(client, { url: URL_HERE, token: 'bound' })))('refuses %s', (_, jwt) => {
    for (const known of [false, true]) {
      const verify = create();
      if (known) verify(prove());
      expect(wordOf(verify(jwt))).toBe('proof-invalid');
    }
  });

  it('refuses the proof of another key, token, method or time', () => {
    const verify = create();
    const other = createDpopClient();
    expect(wordOf(verify(other.prove({ url: URL_HERE, token: 'bound' })))).toBe('credential-bound');
    expect(wordOf(verify(prove({ signing: other.key })))).toBe('proof-invalid');
    expect(wordOf(verify(prove({ token: 'free' })))).toBe('proof-invalid');
    expect(wordOf(verify(prove(), { method: 'GET' }))).toBe('proof-invalid');
    const now = 1_800_000_000_000;
    const at = (seconds: number): string => wordOf(verify(prove({ claims: { iat: now / 1000 + seconds } }), { now }));
    expect([-301, -300, 0, 300, 301].map(at)).toEqual(['proof-invalid', 'accept', 'accept', 'accept', 'proof-invalid']);
  });

  it.each(PROOF_ALGORITHMS)('takes proofs by %s, and knows the key again', (alg) => {
    const holder = createDpopClient(alg);
    const tokens = { it: principal({ keyThumbprint: holder.thumbprint }) };
    const verifier = provePossession(verifierOf(tokens), { required: true, maxAgeMs: MAX_AGE, nonceSecret: null });
    for (let round = 0; round < 3; round += 1) {
      const jwt = holder.prove({ url: URL_HERE, token: 'it' });
      const credential = {
        scheme: 'dpop',
        secret: new Secret('it'),
        proof: { jwt, method: 'POST', url: URL_HERE },
      } as const;
      expect(wordOf(verifier.verify(credential, 'default', Date.now()))).toBe('accept');
      expect(wordOf(verifier.verify(credential, 'default', Date.now()))).toBe('proof-invalid');
    }
  });

  it('takes no key that is none, whatever the token is bound to', () => {
    const { x = '' } = client.publicJwk as { x?: string };
    const keys: Record<string, Record<string, string>> = {
      'a point off its curve': { crv: 'P-256', kty: 'EC', x, y: Buffer.alloc(32, 7).toString('base64url') },
      'another curve': { crv: 'secp256k1', kty: 'EC', x, y: x },
      'a short RSA key': { e: 'AQAB', kty: 'RSA', n: 'x'.repeat(171) },
      'another exponent': { e: 'AQ', kty: 'RSA', n: 'x'.repeat(342) },
      'a shared key': { k: x, kty: 'oct' },
    };
    for (const [name, jwk] of Object.entries(keys)) {
      const keyThumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
      const verifier = provePossession(verifierOf({ it: principal({ keyThumbprint }) }), {
        required: false,
        maxAgeMs: MAX_AGE,
        nonceSecret: null,
      });
      for (const alg of ['ES256', 'RS256', 'HS256']) {
        const proof = { jwt: prove({ token: 'it', header: { alg, jwk } }), method: 'POST', url: URL_HERE };
        const verdict = verifier.verify({ scheme: 'dpop', secret: new Secret('it'), proof }, 'default', Date.now());
        expect([name, alg, wordOf(verdict)]).toEqual([name, alg, 'proof-invalid']);
      }
    }
  });

  it('takes no key, and no proof, that takes long to verify', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const { e, kty, n } = publicKey.export({ format: 'jwk' });
    const keyThumbprint = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
    const verifier = provePossession(verifierOf({ it: principal({ keyThumbprint }) }), {
      required: false,
      maxAgeMs: MAX_AGE,
      nonceSecret: null,
    });
    const header = { alg: 'RS256', jwk: { e, kty, n } };
    const jwt = prove({ token: 'it', header, signing: { alg: 'RS256', privateKey } });
    const proof = { jwt, method: 'POST', url: URL_HERE };
    expect(wordOf(verifier.verify({ scheme: 'dpop', secret: new Secret('it'), proof }, 'default', Date.now()))).toBe(
      'proof-invalid',
    );
    const verify = create();
    expect(wordOf(verify(prove({ claims: { filler: 'x'.repeat(8000) } })))).toBe('proof-invalid');
    expect(wordOf(verify(prove({ claims: { filler: 'x'.repeat(4000) } })))).toBe('accept');
  });

  it('asks for its nonce, of no other than who holds the key, and hands out the next in time', () => {
    const verify = create({ nonceSecret: 'secret' });
    const start = 1_800_000_000_000;
    const at = (now: number, nonce?: unknown) =>
      verify(prove({ claims: { iat: now / 1000, nonce } }), { now }) as Verdict;
    const asked = at(start);
    expect(asked).toMatchObject({ kind: 'reject', reason: 'proof-nonce', nonce: expect.stringMatching(/^[\w-]{43}$/) });
    const { nonce } = asked as { nonce: string };
    expect(at(start, nonce)).toEqual({ kind: 'accept', principal: TOKENS.bound });
    const late = at(start + MAX_AGE, nonce) as { nonce: string };
    expect(late).toMatchObject({ kind: 'accept', nonce: expect.stringMatching(/^[\w-]{43}$/) });
    expect(late.nonce).not.toBe(nonce);
    expect(at(start + MAX_AGE, late.nonce)).toEqual({ kind: 'accept', principal: TOKENS.bound });
    expect(wordOf(at(start + 2 * MAX_AGE, nonce))).toBe('proof-nonce');
    const other = createDpopClient().prove({ url: URL_HERE, token: 'bound' });
    expect(wordOf(verify(other))).toBe('credential-bound');
    expect(wordOf(verify(prove({ signing: createDpopClient().key })))).toBe('proof-invalid');
  });

  it('never takes a proof that was changed in any place', () => {
    const verify = create();
    const change = fc.record({
      at: fc.nat(),
      to: fc.constantFrom(...'ABCDwxyz0189-_.=+/ '),
      kind: fc.constantFrom('set', 'insert', 'drop'),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const right = prove();
        const changed = changes.reduce((text, { at, to, kind }) => {
          const place = at % text.length;
          return `${text.slice(0, place)}${kind === 'drop' ? '' : to}${text.slice(kind === 'insert' ? place : place + 1)}`;
        }, right);
        fc.pre(changed !== right);
        expect(wordOf(verify(changed))).toMatch(/^(?:proof-invalid|credential-bound)$/);
        expect(wordOf(verify(right))).toBe('accept');
      }),
      { numRuns: 1000 },
    );
  });

  it('never takes claims that were changed, even where the key signed them', () => {
    const verify = create();
    expect(wordOf(verify(prove()))).toBe('accept');
    const right = { htm: 'POST', htu: URL_HERE, ath: athOf('bound') };
    const name = fc.constantFrom('htm', 'htu', 'ath');
    fc.assert(
      fc.property(name, fc.jsonValue(), fc.nat(), (claim, value, at) => {
        const place = at % right[claim].length;
        const turned = right[claim][place] === 'x' ? 'y' : 'x';
        const near = `${right[claim].slice(0, place)}${turned}${right[claim].slice(place + 1)}`;
        fc.pre(value !== right[claim]);
        for (const wrong of [value, near])
          expect(wordOf(verify(prove({ claims: { [claim]: wrong } })))).toBe('proof-invalid');
      }),
      { numRuns: 500 },
    );
  });
});
