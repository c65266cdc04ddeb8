import * as oauth from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestIssuer, type TestIssuer } from './test-issuer.ts';

const REDIRECT = 'http://localhost:9999/callback';
const RESOURCE = 'https://mcp.example/mcp';
const INSECURE = { [oauth.allowInsecureRequests]: true };
const VERIFIER = 'v'.repeat(43);

interface Posted {
  readonly status: number;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly token_type?: string;
  readonly scope?: string;
}

const answerOf = (response: Response) =>
  Object.fromEntries(new URL(response.headers.get('location') ?? '').searchParams);

describe('the code flow of startTestIssuer', () => {
  let issuer: TestIssuer;

  beforeEach(async () => {
    issuer = await startTestIssuer();
  });
  afterEach(() => issuer.close());

  const authorize = async (more: Record<string, string | undefined> = {}): Promise<Response> => {
    const code_challenge = await oauth.calculatePKCECodeChallenge(VERIFIER);
    const client = { response_type: 'code', client_id: 'app', redirect_uri: REDIRECT };
    const members = { ...client, code_challenge, code_challenge_method: 'S256', scope: 'a b', state: 's', ...more };
    const query = new URLSearchParams(
      Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return fetch(`${issuer.origin}/authorize?${query}`, { redirect: 'manual' });
  };
  const post = async (
    path: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Posted> => {
    const response = await fetch(`${issuer.origin}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers,
    });
    return { status: response.status, ...((await response.json().catch(() => ({}))) as object) };
  };
  const exchange = (code: string, more: Record<string, string> = {}) =>
    post('/token', {
      grant_type: 'authorization_code',
      code,
      client_id: 'app',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      ...more,
    });
  const refresh = (refresh_token: string, more: Record<string, string> = {}) =>
    post('/token', { grant_type: 'refresh_token', refresh_token, client_id: 'app', ...more });
  const introspect = async (token: string) => post('/introspect', { token });
  const start = async () => exchange(answerOf(await authorize()).code!);

  it('is walked by a strict client, from discovery to a token that is verified, and refreshed', async () => {
    const url = new URL(issuer.url);
    const server = await oauth.processDiscoveryResponse(
      url,
      await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...INSECURE }),
    );
    const registered = await fetch(server.registration_endpoint!, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [REDIRECT] }),
    });
    const client = await oauth.processDynamicClientRegistrationResponse(registered);
    const verifier = oauth.generateRandomCodeVerifier();
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    const asked = { client_id: client.client_id, code_challenge: challenge, resource: RESOURCE, scope: 'x' };
    const back = answerOf(await authorize(asked));
    const params = oauth.validateAuthResponse(server, client, new URLSearchParams(back), 's');
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      params,
      REDIRECT,
      verifier,
      INSECURE,
    );
    const first = await oauth.processAuthorizationCodeResponse(server, client, response);
    const request = new Request(RESOURCE, { headers: { authorization: `Bearer ${first.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(server, request, RESOURCE, INSECURE);
    expect(claims).toMatchObject({ sub: 'alice', client_id: client.client_id, scope: 'x', aud: RESOURCE });

    const again = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), first.refresh_token!, INSECURE);
    const second = await oauth.processRefreshTokenResponse(server, client, again);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const question = await oauth.introspectionRequest(server, client, oauth.None(), second.access_token, INSECURE);
    expect(await oauth.processIntrospectionResponse(server, client, question)).toMatchObject({
      active: true,
      scope: 'x',
      aud: RESOURCE,
    });
  });

  it('gives opaque tokens where it is told to, for whom it is told to', async () => {
    await issuer.close();
    issuer = await startTestIssuer({ format: 'opaque', subject: 'bob', audience: RESOURCE });
    const { access_token, token_type } = await start();
    expect([access_token?.includes('.'), token_type]).toEqual([false, 'Bearer']);
    expect(await introspect(access_token!)).toMatchObject({ active: true, sub: 'bob', aud: RESOURCE, scope: 'a b' });
    const profile = await fetch(`${issuer.origin}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(await profile.json()).toEqual({ sub: 'bob' });
  });

  it('has the scope and audience of the issuer where none is asked for, and several audiences', async () => {
    const code = answerOf(await authorize({ scope: undefined, state: undefined }));
    expect(Object.keys(code)).toEqual(['code', 'iss']);
    const { access_token, scope } = await exchange(code.code!);
    expect(scope).toBe('mcp');
    expect(await introspect(access_token!)).toMatchObject({ aud: 'http://127.0.0.1/mcp' });
    const location = (await authorize()).url;
    const two = await fetch(`${location}&resource=https://a.example&resource=https://b.example`, {
      redirect: 'manual',
    });
    const both = await exchange(answerOf(two).code!);
    expect(await introspect(both.access_token!)).toMatchObject({ aud: ['https://a.example', 'https://b.example'] });
  });

  it('goes back with an error where the request is wrong', async () => {
    const errorOf = async (more: Record<string, string | undefined>) => answerOf(await authorize(more)).error;
    expect(await errorOf({ response_type: 'token' })).toBe('unsupported_response_type');
    expect(await errorOf({ code_challenge: undefined })).toBe('invalid_request');
    expect(await errorOf({ code_challenge_method: 'plain' })).toBe('invalid_request');
    expect(answerOf(await authorize({ response_type: 'token' }))).toMatchObject({ state: 's', iss: issuer.url });
  });

  it('goes nowhere where it cannot trust the client’s address', async () => {
    for (const more of [{ client_id: undefined }, { redirect_uri: undefined }, { redirect_uri: 'nowhere' }])
      expect((await authorize(more)).status).toBe(400);
    const body = JSON.stringify({ redirect_uris: ['http://localhost/other'] });
    const { client_id } = (await (await fetch(`${issuer.origin}/register`, { method: 'POST', body })).json()) as Record<
      string,
      string
    >;
    expect((await authorize({ client_id })).status).toBe(400);
    expect((await authorize({ client_id, redirect_uri: 'http://localhost/other' })).status).toBe(302);
    expect((await fetch(`${issuer.origin}/register`, { method: 'POST', body: '{}' })).status).toBe(400);
  });

  it('takes a code once, from its client, with its verifier and redirect URI', async () => {
    for (const wrong of [
      { code_verifier: 'w'.repeat(43) },
      { redirect_uri: 'http://localhost/other' },
      { client_id: 'other' },
      { code: 'x' },
    ])
      expect(await exchange(answerOf(await authorize()).code!, wrong)).toMatchObject({ error: 'invalid_grant' });
    const { code } = answerOf(await authorize());
    const given = await exchange(code!);
    expect(given.status).toBe(200);
    expect(await exchange(code!)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await introspect(given.access_token!)).toMatchObject({ active: false });
    expect(await refresh(given.refresh_token!)).toMatchObject({ error: 'invalid_grant' });
  });

  it('knows its client by HTTP Basic as well', async () => {
    const { code } = answerOf(await authorize({ client_id: 'my app' }));
    const form = { grant_type: 'authorization_code', code: code!, redirect_uri: REDIRECT, code_verifier: VERIFIER };
    expect(await post('/token', form)).toMatchObject({ error: 'invalid_grant' });
    const authorization = `Basic ${Buffer.from('my+app:secret').toString('base64')}`;
    expect(await post('/token', form, { authorization })).toMatchObject({ status: 200 });
  });

  it('takes a refresh token once, for no more scopes, and ends the grant where it comes again', async () => {
    const first = await start();
    expect(await refresh(first.refresh_token!, { scope: 'a c' })).toMatchObject({ error: 'invalid_scope' });
    expect(await refresh(first.refresh_token!, { client_id: 'other' })).toMatchObject({ error: 'invalid_grant' });
    const second = await refresh(first.refresh_token!, { scope: 'b' });
    expect(second).toMatchObject({ status: 200, scope: 'b' });
    expect(await refresh(first.refresh_token!)).toMatchObject({ error: 'invalid_grant' });
    expect(await refresh(second.refresh_token!)).toMatchObject({ error: 'invalid_grant' });
    for (const { access_token } of [first, second])
      expect(await introspect(access_token!)).toMatchObject({ active: false });
    expect(await post('/token', { grant_type: 'password' })).toMatchObject({ error: 'unsupported_grant_type' });
  });

  it('revokes what it is told to: a token, or with a refresh token the grant', async () => {
    const [one, two] = [await start(), await start()];
    for (const token of [one.access_token!, two.refresh_token!, 'unknown'])
      expect(await post('/revoke', { token })).toMatchObject({ status: 200 });
    for (const { access_token } of [one, two]) expect(await introspect(access_token!)).toMatchObject({ active: false });
    expect(await refresh(one.refresh_token!)).toMatchObject({ status: 200 });
    expect(await refresh(two.refresh_token!)).toMatchObject({ error: 'invalid_grant' });
  });
});
