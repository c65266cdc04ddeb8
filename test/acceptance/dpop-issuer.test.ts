import { allowInsecureRequests, DPoP, generateKeyPair, protectedResourceRequest, type DPoPHandle } from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOidcIssuer, type OidcIssuer } from '../fixtures/oidc-issuer.ts';
import { registerStrictClient, type StrictClient } from '../fixtures/strict-client.ts';
import { callBody, callsSeen, expectRefused, REVISION, startSite, type Site } from './harness.ts';

let issuer: OidcIssuer;
let site: Site;
let client: StrictClient;

beforeAll(async () => {
  issuer = await startOidcIssuer({ refresh: 'always' });
  site = await startSite({ auth: { issuers: { test: { issuer: issuer.url } } } });
  issuer.protect(site.gateway.url, { scopes: ['file:read', 'file:write'] });
  client = await registerStrictClient(issuer.url);
});
afterAll(async () => {
  await site.close();
  await issuer.close();
});

const createKey = async (): Promise<DPoPHandle> => DPoP({}, await generateKeyPair('ES256'));
const signIn = (key: DPoPHandle) => client.signIn({ resource: site.gateway.url, scope: 'file:read' }, key);
const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** M0 by a client that holds the key. */
const call = (token: string, key: DPoPHandle): Promise<Response> => {
  const headers = new Headers({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': REVISION,
    'mcp-method': 'tools/call',
    'mcp-name': 'echo',
  });
  const options = { DPoP: key, [allowInsecureRequests]: true };
  return protectedResourceRequest(token, 'POST', new URL(site.gateway.url), headers, callBody(), options);
};

test('DPOP-11 a token request with a proof binds the tokens to its key', async () => {
  const key = await createKey();
  const tokens = await signIn(key);
  expect(tokens.token_type).toBe('dpop');
  expect(claimsOf(tokens.access_token)).toMatchObject({ cnf: { jkt: await key.calculateThumbprint() } });
});

test('DPOP-11 a bound token works with a proof by its key only', async () => {
  const key = await createKey();
  const { access_token: token } = await signIn(key);
  site.spy.reset();
  expect((await call(token, key)).status).toBe(200);
  expect(callsSeen(site)).toHaveLength(1);

  site.spy.reset();
  await expect(call(token, await createKey())).rejects.toMatchObject({ status: 401 });
  expect(site.spy.bytes()).toBe('');
  await expectRefused(site, { token }, 401);
  await expectRefused(site, { headers: { Authorization: `DPoP ${token}` } }, 401);
});

test('DPOP-11 a public client refreshes by the key of its first request only', async () => {
  const key = await createKey();
  const { refresh_token: refreshToken = '' } = await signIn(key);
  await expect(client.refresh(refreshToken, await createKey())).rejects.toMatchObject({ error: 'invalid_grant' });
  await expect(client.refresh(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
  const { access_token: token } = await client.refresh(refreshToken, key);
  expect((await call(token, key)).status).toBe(200);
});
