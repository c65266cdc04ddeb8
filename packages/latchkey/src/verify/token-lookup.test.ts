import { describe, expect, it } from 'vitest';
import { OutgoingError, type OutgoingAnswer, type OutgoingRequest } from '../core/outgoing.ts';
import type { IssuerRules } from '../core/issuer.ts';
import type { Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import type { Credential, Verdict } from '../core/verifier.ts';
import { createAskedJwtVerifier } from './asked-jwt.ts';
import type { AskedIssuer } from './token-lookup/ask-issuer.ts';
import { createLookupVerifier, type LookupOptions } from './token-lookup.ts';

const RESOURCE = 'https://mcp.example/mcp';
const NOW = 1_800_000_000_000;
const CLAIMS = { active: true, sub: 'alice', aud: RESOURCE, scope: 'read', exp: NOW / 1000 + 20, client_id: 'app' };
const rules: IssuerRules = {
  name: 'id',
  issuer: 'https://id.example',
  audiences: null,
  foreignAudiences: false,
  clients: null,
  required: {},
  scopes: { always: [], claims: ['scope'], table: {} },
};

function issuerThat(says: (request: OutgoingRequest) => Partial<OutgoingAnswer> | object) {
  const requests: OutgoingRequest[] = [];
  const asked: AskedIssuer = {
    name: 'id',
    issuer: rules.issuer,
    by: 'introspection',
    form: 'rfc7662',
    url: 'https://id.example/introspect',
    client: 'gateway',
    authenticate: async () => [],
    metadata: async () => {
      throw new OutgoingError('no metadata');
    },
    async outgoing(request) {
      requests.push(request);
      const said = says(request);
      const headers = { 'content-type': 'application/json' };
      return 'status' in said
        ? { headers, body: '', ...(said as { status: number }) }
        : { status: 200, headers, body: JSON.stringify(said) };
    },
  };
  return { asked, requests };
}

const credential = (text: string, scheme: Credential['scheme'] = 'bearer'): Credential => ({
  scheme,
  secret: new Secret(text),
  proof: null,
});

function lookup(asked: AskedIssuer, more: Partial<LookupOptions> = {}) {
  return createLookupVerifier({
    rules,
    asked,
    prefixes: [],
    foreignPrefixes: [],
    resourcesOf: () => [RESOURCE],
    ...more,
  });
}

function verifyByUserinfo(says: object) {
  const { asked } = issuerThat(() => says);
  return lookup({ ...asked, by: 'userinfo' }).verify(credential('t'), 's', NOW);
}

const placelessMetadata: AskedIssuer['metadata'] = async () => ({
  issuer: rules.issuer,
  authorizationEndpoint: null,
  tokenEndpoint: null,
  registrationEndpoint: null,
  jwksUri: null,
  introspectionEndpoint: null,
  userinfoEndpoint: null,
  document: {},
});

describe('createLookupVerifier', () => {
  it('says who the holder is, and then says it again without a promise and as the same object', async () => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    const verifier = lookup(asked);
    const verdict = await verifier.verify(credential('t'), 's', NOW);
    expect(verdict).toMatchObject({
      kind: 'accept',
      principal: { id: 'issuer:id:alice', kind: 'introspected', client: 'app', scopes: new Set(['read']) },
    });
    expect(verifier.verify(credential('t'), 's', NOW + 10_000)).toBe(verdict);
    expect(requests).toHaveLength(1);
  });

  it('judges the moment each time, and asks no more about a token of which its issuer said that it ended', async () => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    const verifier = lookup(asked);
    await verifier.verify(credential('t'), 's', NOW);
    for (const now of [NOW + 50_000, NOW + 50_001])
      expect(await verifier.verify(credential('t'), 's', now)).toMatchObject({ reason: 'credential-expired' });
    expect(requests).toHaveLength(2);
  });

  it('asks again at the end that the issuer told, whatever the leeway (RFC 7662 §4)', async () => {
    const said = [CLAIMS, CLAIMS, { active: false }];
    const { asked, requests } = issuerThat(() => said[requests.length - 1] ?? {});
    const verifier = lookup(asked);
    const at = async (now: number): Promise<Verdict> => verifier.verify(credential('t'), 's', now);
    const verdict = await at(NOW);
    expect([await at(NOW + 19_999), requests.length]).toEqual([verdict, 1]);
    // Its clock is behind: it says that the token is active still, and that is not kept.
    expect([(await at(NOW + 20_000)).kind, requests.length]).toEqual(['accept', 2]);
    expect(await at(NOW + 20_000)).toMatchObject({ reason: 'credential-unknown' });
  });

  it('judges the resource each time', async () => {
    const { asked } = issuerThat(() => CLAIMS);
    const verifier = lookup(asked, { resourcesOf: (server) => [server === 's' ? RESOURCE : 'https://other.example'] });
    await verifier.verify(credential('t'), 's', NOW);
    expect(verifier.verify(credential('t'), 'other', NOW)).toMatchObject({
      reason: 'credential-audience',
      detail: 'aud is not this server; see auth.issuers.id.audience',
    });
  });

  it.each([
    ['a JWT', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln', {}],
    ['a token of another issuer', 'gho_x', { foreignPrefixes: ['gho_'] }],
    ['a token without its prefix', 'other', { prefixes: ['gho_'] }],
    ['a JWT with its prefix', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln', { prefixes: ['ey'] }],
    ['a text without end', 'x'.repeat(16_385), {}],
  ])('leaves %s to others, unasked', (_, text, more) => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    expect(lookup(asked, more).verify(credential(text), 's', NOW)).toEqual({ kind: 'skip' });
    expect(requests).toEqual([]);
  });

  it('leaves API keys to others, unasked', () => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    expect(lookup(asked).verify(credential('t', 'api-key'), 's', NOW)).toEqual({ kind: 'skip' });
    expect(requests).toEqual([]);
  });

  it.each<[string, object, object]>([
    [
      'is not active',
      { active: false },
      { reason: 'credential-unknown', detail: 'the issuer does not say that it is active' },
    ],
    [
      'is a refresh token',
      { ...CLAIMS, typ: 'Refresh' },
      { reason: 'credential-claims', detail: 'typ shows that it is no access token' },
    ],
    [
      'says neither its issuer nor its holder',
      { ...CLAIMS, iss: undefined, sub: undefined },
      { reason: 'credential-claims', detail: 'sub is not as it must be' },
    ],
    [
      'is of a holder who is a number',
      { ...CLAIMS, sub: 7 },
      { reason: 'credential-claims', detail: 'sub is not as it must be' },
    ],
    [
      'is bound to a key that it does not name',
      { ...CLAIMS, token_type: 'DPoP' },
      { reason: 'credential-claims', detail: 'cnf is not as it must be' },
    ],
  ])('refuses a token of which the issuer says that it %s, and then again unasked', async (_, says, refusal) => {
    const { asked, requests } = issuerThat(() => says);
    const verifier = lookup(asked);
    expect(await verifier.verify(credential('t'), 's', NOW)).toEqual({ kind: 'reject', ...refusal });
    expect(verifier.verify(credential('t'), 's', NOW + 1000)).toEqual({ kind: 'reject', ...refusal });
    expect(requests).toHaveLength(1);
  });

  it('says to which key a token is bound', async () => {
    const jkt = 'k'.repeat(43);
    const verifier = lookup(issuerThat(() => ({ ...CLAIMS, token_type: 'DPoP', cnf: { jkt } })).asked);
    expect(await verifier.verify(credential('t', 'dpop'), 's', NOW)).toMatchObject({
      kind: 'accept',
      principal: { keyThumbprint: jkt },
    });
  });

  it('takes the word of the user-info endpoint only about a token whose client is known', async () => {
    expect(await verifyByUserinfo({ sub: 'alice', aud: RESOURCE, client_id: 'app' })).toMatchObject({
      kind: 'accept',
      principal: { id: 'issuer:id:alice', kind: 'userinfo', client: 'app' },
    });
    expect(await verifyByUserinfo({ sub: 'alice', aud: [RESOURCE, 'https://other.example'] })).toEqual({
      kind: 'reject',
      reason: 'credential-client',
      detail: 'the issuer does not say which client it was given to',
    });
  });

  it('takes the word of introspection about a token of no client, also where it has the nonce of its sign-in', async () => {
    const { asked } = issuerThat(() => ({ ...CLAIMS, client_id: undefined, nonce: 'n' }));
    expect(await lookup(asked).verify(credential('t'), 's', NOW)).toMatchObject({
      kind: 'accept',
      principal: { kind: 'introspected', client: null },
    });
  });

  it('remembers as many tokens as it is told', async () => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    const verifier = lookup(asked, { cacheSize: 1 });
    for (const token of ['first', 'second', 'second', 'first'])
      expect(await verifier.verify(credential(token), 's', NOW)).toMatchObject({ kind: 'accept' });
    expect(requests).toHaveLength(3);
  });

  it('leaves most questions to those who are no suspects', async () => {
    const { asked, requests } = issuerThat(() => CLAIMS);
    const verifier = lookup(asked);
    const guesses = Array.from({ length: 40 }, (_, at) =>
      verifier.verify({ ...credential(`guess-${at}`), suspect: true }, 's', NOW),
    );
    expect(await verifier.verify(credential('t'), 's', NOW)).toMatchObject({ kind: 'accept' });
    expect((await Promise.all(guesses)).filter(({ kind }) => kind === 'accept')).toHaveLength(4);
    expect(requests).toHaveLength(5);
    const later = verifier.verify({ ...credential('guess-39'), suspect: true }, 's', NOW + 1000);
    expect(await later).toMatchObject({ kind: 'accept' });
  });

  it('knows when a holder ends whom it let in, and nothing of others', async () => {
    const verifier = lookup(issuerThat(() => CLAIMS).asked);
    const verdict = await verifier.verify(credential('t'), 's', NOW);
    if (verdict.kind !== 'accept') throw new Error('it was not let in');
    expect(verifier.endOf(verdict.principal, NOW)).toBe(NOW + 50_000);
    expect(verifier.endOf({ ...verdict.principal }, NOW)).toBeUndefined();
  });

  it('says what is to be changed when the issuer cannot be asked', async () => {
    const denied = lookup(issuerThat(() => ({ status: 401 })).asked);
    expect(await denied.verify(credential('t'), 's', NOW)).toEqual({
      kind: 'reject',
      reason: 'issuer-unavailable',
      detail: 'id.example: it does not know us as its client; see auth.issuers.id.client',
    });
    const { asked } = issuerThat(() => CLAIMS);
    const placeless = lookup({ ...asked, url: null, metadata: placelessMetadata });
    expect(await placeless.verify(credential('t'), 's', NOW)).toMatchObject({
      reason: 'issuer-unavailable',
      detail: 'its metadata do not say where to ask about tokens; set auth.issuers.id.introspection.url',
    });
  });
});

const principal = { issuer: rules.issuer, expiresAt: 5, keyThumbprint: null };
const accept = { kind: 'accept', principal } as unknown as Verdict;
const verifierOf = (verdict: Verdict | Promise<Verdict>, says: object) => {
  const { asked, requests } = issuerThat(() => says);
  return {
    requests,
    ...createAskedJwtVerifier({ name: 'jwt', verify: () => verdict }, [{ ...asked, audiences: null }], 60_000),
  };
};

const claimed = (what: string) => ({
  reason: 'credential-claims',
  detail: `${what} of what its issuer says does not fit`,
});

describe('createAskedJwtVerifier', () => {
  it('keeps what the token says, and says it again without a promise', async () => {
    const { verify, endOf, requests } = verifierOf(accept, { active: true });
    expect(await verify(credential('t'), 's', NOW)).toBe(accept);
    expect(verify(credential('t'), 's', NOW + 59_000)).toBe(accept);
    expect(requests).toHaveLength(1);
    expect(endOf(principal as never, NOW + 1000)).toBe(5);
  });

  it('asks again at the end that its issuer told (RFC 7662 §4)', async () => {
    const { verify, requests } = verifierOf(accept, { active: true, exp: NOW / 1000 + 20 });
    for (const now of [NOW, NOW + 19_999, NOW + 20_000, NOW + 20_000])
      expect(await verify(credential('t'), 's', now)).toBe(accept);
    expect(requests).toHaveLength(3);
  });

  it('keeps what a bound token says, where its issuer says the same or nothing of its key', async () => {
    const bound = { kind: 'accept', principal: { ...principal, keyThumbprint: 'k'.repeat(43) } } as unknown as Verdict;
    for (const said of [{}, { cnf: { jkt: 'k'.repeat(43) } }])
      expect(await verifierOf(bound, { active: true, ...said }).verify(credential('t'), 's', NOW)).toBe(bound);
    const { verify } = verifierOf(bound, { active: true, cnf: { jkt: 'x'.repeat(43) } });
    expect(await verify(credential('t'), 's', NOW)).toMatchObject({ reason: 'credential-bound' });
  });

  it('takes a token of which its issuer says who made it', async () => {
    for (const more of [{ typ: 'Bearer' }, { nonce: 'n' }]) {
      const { verify } = verifierOf(accept, { active: true, iss: rules.issuer, ...more });
      expect(await verify(credential('t'), 's', NOW)).toBe(accept);
    }
  });

  it.each<[string, object, object]>([
    ['is not active', { active: false }, { reason: 'credential-unknown' }],
    ['is of another issuer', { active: true, iss: 'https://other.example' }, claimed('iss')],
    ['is a refresh token', { active: true, typ: 'Refresh' }, claimed('typ')],
    ['ended', { active: true, exp: NOW / 1000 - 31 }, { reason: 'credential-expired' }],
    ['ends at no time', { active: true, exp: String(NOW / 1000 + 20) }, claimed('exp')],
    ['begins later', { active: true, nbf: NOW / 1000 + 32 }, { reason: 'credential-claims' }],
    ['begins at no time', { active: true, nbf: null }, claimed('nbf')],
    ['was made at no time', { active: true, iat: [1] }, claimed('iat')],
    ['is bound to a certificate', { active: true, cnf: { 'x5t#S256': 'x' } }, claimed('cnf')],
    ['is bound to a key', { active: true, cnf: { jkt: 'k'.repeat(43) } }, { reason: 'credential-bound' }],
  ])('refuses a token of which its issuer says that it %s', async (_, says, verdict) => {
    const { verify } = verifierOf(Promise.resolve(accept), says);
    expect(await verify(credential('t'), 's', NOW)).toMatchObject({ kind: 'reject', ...verdict });
    expect(await verify(credential('t'), 's', NOW + 1000)).toMatchObject({ kind: 'reject', ...verdict });
  });

  it.each<Verdict>([{ kind: 'skip' }, { kind: 'reject', reason: 'credential-expired' }])(
    'asks nobody when the verdict is $kind',
    async (verdict) => {
      const { verify, requests } = verifierOf(verdict, { active: true });
      expect(await verify(credential('t'), 's', NOW)).toBe(verdict);
      expect(requests).toEqual([]);
    },
  );

  it.each([null, 'https://other.example'])(
    'cannot decide about a JWT of the issuer %s, which it cannot ask, and leaves its end to others',
    async (issuer) => {
      const stranger = { ...principal, issuer } as unknown as Principal;
      const { verify, endOf, requests } = verifierOf({ kind: 'accept', principal: stranger }, { active: true });
      expect(() => verify(credential('t'), 's', NOW)).toThrow(
        new TypeError('A JWT was accepted that its issuer cannot be asked about'),
      );
      expect(endOf(stranger, NOW)).toBeUndefined();
      expect(requests).toEqual([]);
    },
  );
});
