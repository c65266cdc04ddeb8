import { describe, expect, it } from 'vitest';
import type { IssuerMetadata } from '../../core/issuer.ts';
import { OutgoingError, type OutgoingAnswer, type OutgoingRequest } from '../../core/outgoing.ts';
import { createQuestion, type AskedIssuer } from './ask-issuer.ts';

const NOW = 1_800_000_000_000;
const TOKEN = 'the-secret-token';
const METADATA: IssuerMetadata = {
  issuer: 'https://id.example',
  authorizationEndpoint: null,
  tokenEndpoint: null,
  registrationEndpoint: null,
  jwksUri: null,
  introspectionEndpoint: 'https://id.example/found/introspect',
  userinfoEndpoint: 'https://id.example/found/userinfo',
  document: {},
};

/** Asks an issuer that answers like this. */
function ask(answer: Partial<OutgoingAnswer>, more: Partial<AskedIssuer> = {}) {
  const requests: OutgoingRequest[] = [];
  const question = createQuestion({
    name: 'id',
    issuer: 'https://id.example',
    by: 'introspection',
    form: 'rfc7662',
    url: 'https://id.example/ask',
    client: 'gateway',
    authenticate: async () => [],
    metadata: async () => METADATA,
    async outgoing(request) {
      requests.push(request);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"active":true}', ...answer };
    },
    ...more,
  });
  return { said: question(TOKEN, NOW), requests };
}

describe('createQuestion', () => {
  it('resolves to what the issuer says', async () => {
    const { said, requests } = ask({ body: '{"active":true,"sub":"alice"}' });
    expect(await said).toEqual({ kind: 'said', claims: { active: true, sub: 'alice' } });
    expect(requests).toMatchObject([{ method: 'POST', url: 'https://id.example/ask' }]);
    expect(requests[0]?.body).toContain(TOKEN);
  });

  it('refuses a token that the issuer does not say is active', async () => {
    expect(await ask({ body: '{"active":false}' }).said).toEqual({
      kind: 'reject',
      reason: 'credential-unknown',
      detail: 'the issuer does not say that it is active',
    });
  });

  it.each([
    ['introspection', 'https://id.example/found/introspect'],
    ['userinfo', 'https://id.example/found/userinfo'],
  ] as const)('asks by %s where the metadata say, the token never in the URL', async (by, url) => {
    const { said, requests } = ask({}, { by, url: null });
    expect(await said).toMatchObject({ kind: 'said' });
    expect(requests.map((request) => request.url)).toEqual([url]);
  });

  it.each([
    ['introspection', { introspectionEndpoint: null }],
    ['userinfo', { userinfoEndpoint: null }],
  ] as const)('asks nobody by %s where the metadata do not say where', async (by, missing) => {
    const { said, requests } = ask({}, { by, url: null, metadata: async () => ({ ...METADATA, ...missing }) });
    await expect(said).rejects.toThrow(
      new OutgoingError(`its metadata do not say where to ask about tokens; set auth.issuers.id.${by}.url`),
    );
    expect(requests).toEqual([]);
  });

  it.each([
    ['userinfo', 'rfc7662', 401],
    ['userinfo', 'github', 403],
    ['introspection', 'github', 404],
    ['introspection', 'google', 400],
    ['introspection', 'google', 401],
  ] as const)('takes a status by which %s of %s refuses a token for that: %i', async (by, form, status) => {
    expect(await ask({ status }, { by, form }).said).toEqual({
      kind: 'reject',
      reason: 'credential-unknown',
      detail: `the issuer does not take it (status ${status})`,
    });
  });

  it.each([401, 403])(
    'takes status %i of introspection for a refusal of the gateway, not of the token',
    async (status) => {
      await expect(ask({ status }).said).rejects.toThrow(
        new OutgoingError('id.example: it does not know us as its client; see auth.issuers.id.client'),
      );
    },
  );

  it.each([500, 404, 302, 204])('has no answer by status %i, whatever the body', async (status) => {
    await expect(ask({ status }).said).rejects.toThrow(
      new OutgoingError(`id.example: no answer about a token (status ${status})`),
    );
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json ;q=1'])(
    'takes an answer of the type %s',
    async (type) => {
      expect(await ask({ headers: { 'content-type': type } }).said).toMatchObject({ kind: 'said' });
    },
  );

  it.each([undefined, 'text/html', 'x-application/json', 'application/jsonx', 'application/token-introspection+jwt'])(
    'takes no answer of the type %s',
    async (type) => {
      await expect(ask({ headers: { 'content-type': type } }).said).rejects.toThrow(
        new OutgoingError('id.example: its answer about a token is not application/json'),
      );
    },
  );

  it.each([
    ['introspection', 'rfc7662', 'active iss sub aud exp nbf iat cnf token_type'],
    ['introspection', 'google', 'sub aud azp exp'],
    ['userinfo', 'rfc7662', 'iss sub aud client_id azp'],
  ] as const)('takes no answer by %s of %s with a look-alike of %s', async (by, form, names) => {
    for (const name of names.split(' ')) {
      const body = JSON.stringify({ [name]: true, [name.toUpperCase()]: true });
      await expect(ask({ body }, { by, form }).said).rejects.toThrow('not one unambiguous JSON object');
    }
  });

  it.each([
    ['no JSON', 'active'],
    ['null', 'null'],
    ['a text', '"active"'],
    ['a list', '[{"active":true}]'],
    ['an object with a member twice', '{"active":false,"active":true}'],
    ['an object with two members that may be taken for one', '{"active":true,"Active":false}'],
  ])('takes no answer that is %s', async (_, body) => {
    await expect(ask({ body }).said).rejects.toThrow(
      new OutgoingError('id.example: its answer about a token is not one unambiguous JSON object'),
    );
  });
});
