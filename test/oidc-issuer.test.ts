import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBrowser } from './fixtures/browser.ts';
import { startOidcIssuer, type OidcIssuer } from './fixtures/oidc-issuer.ts';

const claimsOf = (token: string | undefined): unknown =>
  JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString());

describe('startOidcIssuer', () => {
  const resource = 'http://127.0.0.1:1/mcp';
  const redirect_uri = 'http://127.0.0.1:2/callback';
  const documentUrl = 'https://client.example/metadata.json';
  const gateway = {
    client_id: 'gateway',
    client_secret: 'secret',
    redirect_uris: [],
    response_types: [],
    grant_types: [],
  };
  const metadata = {
    redirect_uris: [redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  };
  let issuer: OidcIssuer;

  beforeEach(async () => {
    const documents = { [documentUrl]: { client_id: documentUrl, ...metadata } };
    issuer = await startOidcIssuer({ refresh: 'always', documents, clients: [gateway] as never });
    issuer.protect(resource, { scopes: ['file:read', 'file:write'] });
  });
  afterEach(() => issuer.close());

  const post = async (path: string, body: Record<string, string>, headers = {}): Promise<Record<string, string>> =>
    (await (
      await fetch(`${issuer.url}${path}`, { method: 'POST', body: new URLSearchParams(body), headers })
    ).json()) as Record<string, string>;
  async function signIn(client_id: string, scope: string, browser = createBrowser()): Promise<Record<string, string>> {
    const code_verifier = randomBytes(32).toString('base64url');
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
    const query = {
      client_id,
      redirect_uri,
      scope,
      resource,
      response_type: 'code',
      code_challenge,
      code_challenge_method: 'S256',
    };
    const callback = await browser.signIn(`${issuer.url}/auth?${new URLSearchParams(query)}`);
    expect(callback.searchParams.get('iss')).toBe(issuer.url);
    const code = callback.searchParams.get('code') ?? '';
    return post('/token', { grant_type: 'authorization_code', client_id, code, redirect_uri, code_verifier });
  }

  it('signs in a client that registered itself', async () => {
    const body = JSON.stringify({ ...metadata, scope: 'file:read' });
    const answer = await fetch(`${issuer.url}/reg`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    const { client_id } = (await answer.json()) as { client_id: string };
    const tokens = await signIn(client_id, 'file:read');
    expect(claimsOf(tokens['access_token'])).toMatchObject({
      iss: issuer.url,
      aud: resource,
      sub: 'alice',
      client_id,
      scope: 'file:read',
    });
    expect(issuer.registered).toEqual([client_id]);
  });

  it('signs in a client by its metadata document, and refreshes once with each refresh token', async () => {
    const { refresh_token = '' } = await signIn(documentUrl, 'file:read file:write');
    const refresh = { grant_type: 'refresh_token', client_id: documentUrl, refresh_token };
    expect(claimsOf((await post('/token', refresh))['access_token'])).toMatchObject({ scope: 'file:read file:write' });
    expect(await post('/token', refresh)).toMatchObject({ error: 'invalid_grant' });
    expect(issuer.granted.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token']);
  });

  it('gives only what Alice agreed to, and asks her again', async () => {
    const browser = createBrowser();
    issuer.agreeTo((scope) => scope === 'file:read');
    expect((await signIn(documentUrl, 'file:read file:write', browser))['scope']).toBe('file:read');
    issuer.agreeTo(() => true);
    expect((await signIn(documentUrl, 'file:read file:write', browser))['scope']).toBe('file:read file:write');
    expect(issuer.consents).toEqual(['file:read file:write', 'file:read file:write']);
  });

  it('gives opaque tokens that can be introspected', async () => {
    issuer.protect(resource, { scopes: ['file:read'], format: 'opaque' });
    const { access_token: token = '' } = await signIn(documentUrl, 'file:read');
    const authorization = `Basic ${Buffer.from('gateway:secret').toString('base64')}`;
    const answer = await post('/token/introspection', { token }, { authorization });
    expect(answer).toMatchObject({ active: true, aud: resource, scope: 'file:read', sub: 'alice' });
  });
});
