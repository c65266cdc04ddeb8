import { beforeEach, describe, expect, it } from 'vitest';
import { createIssuerKey, signCompact, type IssuerKey } from '../../../../test/fixtures/issuer-keys.ts';
import type { IssuerRules } from '../core/issuer.ts';
import { OutgoingError } from '../core/outgoing.ts';
import { Secret } from '../core/secret.ts';
import type { Soon } from '../core/soon.ts';
import type { Credential, CredentialReason, Verdict } from '../core/verifier.ts';
import type { JwtIssuer } from './jwt/jwt-issuer.ts';
import { createKeySet } from './jwt/key-set.ts';
import { createJwtVerifier, type JwtVerifierOptions } from './jwt.ts';
import type { JwtCrypto } from './jwt/jwt-crypto.ts';
import { nodeCrypto } from './jwt/node-crypto.ts';
import { webCrypto } from './jwt/web-crypto.ts';
import { digestOf } from './mint.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1000;
const REFRESH_MS = 600_000;
const RESOURCE = 'https://mcp.example/mcp';
const [first, second, stranger] = ['ES256', 'ES256', 'ES256'].map(createIssuerKey) as [IssuerKey, IssuerKey, IssuerKey];

const rulesOf = (name: string): IssuerRules => ({
  name,
  issuer: `https://${name}.example`,
  audiences: null,
  foreignAudiences: false,
  clients: null,
  required: {},
  scopes: { always: [], claims: ['scope'], table: {} },
});

const SKIP = { kind: 'skip' };
const refused = (reason: CredentialReason, detail: string) => ({ kind: 'reject', reason, detail });
const unfit = refused('credential-unknown', 'not exactly one key of auth.issuers.id fits it');
const unknown = refused('credential-unknown', 'iss is none of auth.issuers');
const misspelt = refused('credential-malformed', 'it is not base64url as RFC 7515 writes it');
const claimed = (detail: string) => refused('credential-claims', detail);

describe.each<[string, JwtCrypto]>([
  ['node:crypto', nodeCrypto],
  ['WebCrypto', webCrypto],
])('createJwtVerifier with %s', (_platform, crypto) => {
  /** An issuer whose key set shows these keys, until a test changes them. */
  function issuerWith(keys: readonly IssuerKey[], name = 'id') {
    const at = { keys, status: 200, fault: null as Error | null, requests: 0 };
    const issuer: JwtIssuer = {
      rules: rulesOf(name),
      algorithms: ['ES256'],
      types: ['at+jwt', ''],
      keys: createKeySet({
        crypto,
        algorithms: ['ES256'],
        from: { url: `https://${name}.example/jwks` },
        metadata: async () => {
          throw new OutgoingError('no metadata');
        },
        async outgoing() {
          at.requests += 1;
          if (at.fault !== null) throw at.fault;
          return {
            status: at.status,
            headers: {},
            body: JSON.stringify({ keys: at.keys.map((key) => key.publicJwk) }),
          };
        },
        refreshMs: REFRESH_MS,
        maxAgeMs: 2 * REFRESH_MS,
      }),
    };
    return { at, issuer };
  }

  /** What the one means answers without a promise, where nobody need be asked. */
  function atOnce(verdict: Soon<Verdict>): Soon<Verdict> {
    expect(verdict instanceof Promise && crypto === nodeCrypto).toBe(false);
    return verdict;
  }

  const create = (issuer: JwtIssuer, more: Partial<JwtVerifierOptions> = {}) => {
    const verifier = createJwtVerifier({
      issuers: [issuer],
      crypto,
      resourcesOf: (server) => [server === 's' ? RESOURCE : 'https://other.example'],
      ...more,
    });
    return (text: string, { server = 's', now = NOW, scheme = 'bearer' as Credential['scheme'] } = {}) =>
      verifier.verify({ scheme, secret: new Secret(text), proof: null }, server, now);
  };

  const CLAIMS = { iss: 'https://id.example', sub: 'alice', aud: RESOURCE, exp: NOW / 1000 + 3600, scope: 'read' };
  const token = (claims: object = {}, header: object = {}, key = first): string =>
    signCompact({ alg: 'ES256', kid: key.kid, typ: 'at+jwt', ...header }, { ...CLAIMS, ...claims }, key);
  /** Without `kid`: by whatever key fits. */
  const nameless = (key: IssuerKey): string => token({}, { kid: undefined }, key);

  let issuer: JwtIssuer;
  let at: ReturnType<typeof issuerWith>['at'];
  beforeEach(() => {
    ({ issuer, at } = issuerWith([first]));
  });

  describe('what is no matter of the JWT verifier', () => {
    it.each<[string, string]>([
      ['an opaque token', 'opaque'],
      ['two parts', 'eyJhbGciOiJFUzI1NiJ9.e30'],
      ['a text without end', `e${'y'.repeat(16_380)}.e.e`],
    ])('leaves %s to others', async (_, text) => {
      expect(await atOnce(create(issuer)(text))).toEqual(SKIP);
    });

    it('leaves API keys to others, even those that look like a JWT', async () => {
      expect(await atOnce(create(issuer)(token(), { scheme: 'api-key' }))).toEqual(SKIP);
      expect(at.requests).toBe(0);
    });

    it('leaves encrypted tokens and tokens of other issuers to those who judge them, and refuses them when nobody does', async () => {
      const encrypted = 'eyJhbGciOiJkaXIifQ.a.b.c.d';
      const foreign = token({ iss: 'https://other.example' });
      const elsewhere = { issuers: new Set(['https://other.example']), encrypted: true };
      expect(await atOnce(create(issuer, { elsewhere })(encrypted))).toEqual(SKIP);
      expect(await atOnce(create(issuer, { elsewhere })(foreign))).toEqual(SKIP);

      const jwe = refused('credential-malformed', 'it is encrypted (JWE)');
      expect(await atOnce(create(issuer)(encrypted))).toEqual(jwe);
      expect(await atOnce(create(issuer, { elsewhere: { ...elsewhere, encrypted: false } })(encrypted))).toEqual(jwe);
      expect(await atOnce(create(issuer)(foreign))).toEqual(unknown);
    });
  });

  describe('what is refused before any key is asked for', () => {
    it.each<[string, string, object]>([
      ['a signature that is not base64url', 'eyJ9.e30.a=', misspelt],
      ['the longest text that is looked at', `e${'y'.repeat(16_379)}.e.e`, misspelt],
      ['an iss that is no text', token({ iss: [CLAIMS.iss] }), unknown],
      ['no iss', token({ iss: undefined }), unknown],
      [
        'an algorithm it does not take',
        token({}, { alg: 'HS256' }),
        claimed('alg is not in auth.issuers.id.algorithms'),
      ],
      [
        'a type it does not take',
        token({}, { typ: 'dpop+jwt' }),
        claimed('typ is not in auth.issuers.id.types (at+jwt, none)'),
      ],
    ])('refuses %s', async (_, text, verdict) => {
      expect(await atOnce(create(issuer)(text))).toEqual(verdict);
      expect(at.requests).toBe(0);
    });
  });

  describe('whose key it must be', () => {
    it('lets the holder of a signed token in, and knows the token again without a promise', async () => {
      const verify = create(issuer);
      const [text, known] = [token(), token()];
      const verdict = await verify(text);
      expect(verdict).toMatchObject({
        kind: 'accept',
        principal: { id: 'issuer:id:alice', kind: 'jwt', scopes: new Set(['read']), issuer: CLAIMS.iss },
      });
      const verdictNow = await atOnce(verify(known));
      expect(verdictNow).toMatchObject({ kind: 'accept' });
      expect(await atOnce(verify(known, { now: NOW + SECOND }))).toBe(verdictNow);
      expect(await atOnce(verify(text, { now: NOW + SECOND }))).toBe(verdict);
      expect(at.requests).toBe(1);
    });

    it('takes a token without kid when exactly one key fits it', async () => {
      expect(await create(issuer)(nameless(first))).toMatchObject({ kind: 'accept' });
      const two = issuerWith([first, second]);
      expect(await create(two.issuer)(nameless(first))).toEqual(unfit);
    });

    it('refuses at once what the key it names has not signed', async () => {
      const verify = create(issuer);
      const forged = token({}, { kid: first.kid }, stranger);
      const refusal = refused('credential-unknown', 'its signature is not by its key');
      expect(await verify(forged)).toEqual(refusal);
      expect(await atOnce(verify(forged, { now: NOW + 60 * SECOND }))).toEqual(refusal);
      expect(at.requests).toBe(1);
    });

    it('judges a token by the keys of the issuer it names, never by those of another', async () => {
      const other = issuerWith([second], 'other');
      const verify = create(issuer, { issuers: [issuer, other.issuer] });
      expect(await verify(token({ iss: 'https://other.example' }, {}, first))).toEqual({
        ...unfit,
        detail: 'not exactly one key of auth.issuers.other fits it',
      });
      expect(await verify(token({ iss: 'https://other.example' }, {}, second))).toMatchObject({
        kind: 'accept',
        principal: { id: 'issuer:other:alice' },
      });
      expect(at.requests).toBe(0);
    });

    it.each([
      ['names a key', () => token({}, {}, second)],
      ['names none', () => nameless(second)],
    ])('asks again for the keys when a token that %s is by a new one', async (_, sign) => {
      const verify = create(issuer);
      await verify(token());
      at.keys = [second];
      expect(await verify(sign(), { now: NOW + 60 * SECOND })).toMatchObject({ kind: 'accept' });
      expect(at.requests).toBe(2);
    });

    it('refuses a token that no new key fits either, and does not ask again and again', async () => {
      const verify = create(issuer);
      await verify(token());
      for (const now of [60, 61, 62].map((seconds) => NOW + seconds * SECOND)) {
        expect(await verify(nameless(stranger), { now })).toEqual(unfit);
      }
      expect(at.requests).toBe(2);
    });

    it('says so while the keys cannot be had', async () => {
      at.status = 500;
      expect(await create(issuer)(token())).toEqual(
        refused('issuer-unavailable', 'id.example: no key set (status 500)'),
      );
    });

    it('cannot decide when something fails that is no fault of the issuer', async () => {
      at.fault = new TypeError('a bug');
      await expect(create(issuer)(token())).rejects.toBe(at.fault);
    });
  });

  describe('what its claims must be', () => {
    it.each<[string, string, object]>([
      ['an ID token', token({ at_hash: 'x' }), claimed('at_hash shows that it is no access token')],
      [
        'a nonce where no type says what it is',
        token({ nonce: 'n' }, { typ: undefined }),
        claimed('nonce shows that it is no access token'),
      ],
      ['a token without exp', token({ exp: undefined }), claimed('exp is not as it must be')],
      [
        'a token for another server',
        token({ aud: 'https://other.example' }),
        refused('credential-audience', 'aud is not this server; see auth.issuers.id.audience'),
      ],
      ['an expired token', token({ exp: NOW / 1000 - 30 }), refused('credential-expired', 'exp is past')],
      ['a token of tomorrow', token({ nbf: NOW / 1000 + 31 }), claimed('nbf is in the future')],
    ])('refuses %s', async (_, text, verdict) => {
      expect(await create(issuer)(text)).toEqual(verdict);
    });

    it('takes a nonce where the type says that it is an access token', async () => {
      expect(await create(issuer)(token({ nonce: 'n' }))).toMatchObject({ kind: 'accept' });
    });

    it('names an odd subject by its digest', async () => {
      const id = `issuer:id:sha256-${digestOf('a b').slice(0, 32)}`;
      expect(await create(issuer)(token({ sub: 'a b' }))).toMatchObject({ kind: 'accept', principal: { id } });
    });
  });

  describe('what it remembers', () => {
    it('judges the server of a token that it knows, and still knows it after that', async () => {
      const verify = create(issuer);
      const text = token();
      const verdict = await verify(text);
      expect(await atOnce(verify(text, { server: 'other' }))).toMatchObject({
        kind: 'reject',
        reason: 'credential-audience',
      });
      expect(await atOnce(verify(text))).toBe(verdict);
    });

    it('refuses a token that it knows once it expired, and forgets it', async () => {
      const verify = create(issuer);
      const text = token({ exp: NOW / 1000 + 60 });
      const verdict = await verify(text);
      expect(await atOnce(verify(text, { now: NOW + 89 * SECOND }))).toBe(verdict);
      expect(await atOnce(verify(text, { now: NOW + 90 * SECOND }))).toMatchObject({
        kind: 'reject',
        reason: 'credential-expired',
      });
      const anew = await atOnce(verify(text));
      expect(anew).toEqual(verdict);
      expect(anew).not.toBe(verdict);
    });

    it('remembers no more tokens than it may, and none that it refused', async () => {
      const verify = create(issuer, { cacheSize: 1 });
      const [text, another] = [token(), token()];
      const verdict = await verify(text);
      await verify(token({ aud: 'https://other.example' }));
      expect(await atOnce(verify(text))).toBe(verdict);
      expect(await atOnce(verify(another))).toEqual(verdict);
      expect(await atOnce(verify(text))).not.toBe(verdict);
    });

    it('refuses a token that it knows as soon as its key is gone, and judges it anew when the key is back', async () => {
      const verify = create(issuer);
      const text = token();
      const verdict = await verify(text);
      at.keys = [second];
      expect(await verify(token({}, {}, second), { now: NOW + 60 * SECOND })).toMatchObject({ kind: 'accept' });
      expect(await verify(text, { now: NOW + 61 * SECOND })).toEqual(unfit);
      at.keys = [first];
      const back = await verify(text, { now: NOW + 120 * SECOND });
      expect(back).toEqual(verdict);
      expect(back).not.toBe(verdict);
    });

    it('keeps no place for a token whose key is gone', async () => {
      at.keys = [first, second];
      const verify = create(issuer, { cacheSize: 2 });
      const [kept, gone] = [token({}, {}, second), token()];
      const verdict = await verify(kept);
      expect(await atOnce(verify(gone))).toMatchObject({ kind: 'accept' });
      at.keys = [second];
      expect(await verify(gone, { now: NOW + REFRESH_MS })).toEqual(unfit);
      expect(await atOnce(verify(token({}, {}, second), { now: NOW + REFRESH_MS }))).toMatchObject({ kind: 'accept' });
      expect(await atOnce(verify(kept, { now: NOW + REFRESH_MS }))).toBe(verdict);
    });

    it('asks for the keys before it lets a token that it knows in by keys that are too old', async () => {
      const verify = create(issuer);
      const text = token();
      await verify(text);
      at.keys = [second];
      expect(await verify(text, { now: NOW + REFRESH_MS })).toEqual(unfit);
      expect(at.requests).toBe(2);
    });
  });
});
