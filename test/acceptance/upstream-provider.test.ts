import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGuardedUpstream, type GuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { createIssuerKey } from '../fixtures/issuer-keys.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startOidcIssuer, type OidcIssuer } from '../fixtures/oidc-issuer.ts';
import { initializeCall, modernCall, send, type Call } from './harness.ts';

const SECRET = 'S3cret:of the client+4711';
const KEY = createIssuerKey('ES256');
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

let provider: OidcIssuer;
let upstream: GuardedUpstream;
let gateway: Latchkey;

/** One gateway with a server for each way to prove a client, and one more that finds the provider by itself. */
beforeAll(async () => {
  const shared = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
  provider = await startOidcIssuer({
    clients: METHODS.map((method) => ({
      ...shared,
      client_id: method,
      token_endpoint_auth_method: method,
      ...(method === 'private_key_jwt'
        ? { jwks: { keys: [KEY.publicJwk as never] }, token_endpoint_auth_signing_alg: 'ES256' }
        : { client_secret: SECRET }),
    })),
  });
  upstream = await startGuardedUpstream([provider.url]);
  provider.protect(upstream.url, { scopes: ['mcp:use'], ttlSeconds: 600 });
  const jwks = createRemoteJWKSet(new URL(`${provider.url}/jwks`));
  // A server that verifies as RFC 9068 §4 asks.
  upstream.accepts = async (token) => {
    const checks = { issuer: provider.url, audience: upstream.url, typ: 'at+jwt' };
    const found = await jwtVerify(token, jwks, checks).catch(() => null);
    return found?.payload['scope'] === 'mcp:use';
  };
  const toServer = (method: string, issuer: object) => {
    const secret = { env: method === 'private_key_jwt' ? 'CLIENT_KEY' : 'CLIENT_SECRET' };
    const clientCredentials = { ...issuer, client: { id: method, auth: method, secret }, scopes: ['mcp:use'] };
    return { upstream: { url: upstream.url, auth: { clientCredentials } } };
  };
  const named = { issuer: provider.url };
  const servers = METHODS.map((method) => [method.replaceAll('_', '-'), toServer(method, named)] as const);
  gateway = await startLatchkey({
    config: { servers: { ...Object.fromEntries(servers), discovered: toServer('client_secret_basic', {}) } },
    env: {
      CLIENT_SECRET: SECRET,
      CLIENT_KEY: KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await provider.close();
});

test.each([...METHODS.map((method) => method.replaceAll('_', '-')), 'discovered'])(
  'a certified provider gives the gateway tokens for the server: %s',
  async (server) => {
    const before = provider.granted.length;
    const calls: readonly Call[] = [{}, initializeCall(), modernCall('tools/list'), {}];
    for (const call of calls) {
      const door = { gateway, tokens: { aliceRead: gateway.token } };
      expect((await send(door, { ...call, target: `/${server}/mcp` })).status).toBe(200);
    }
    expect(provider.granted.slice(before)).toEqual([
      {
        grantType: 'client_credentials',
        clientId: server === 'discovered' ? 'client_secret_basic' : server.replaceAll('-', '_'),
        scope: 'mcp:use',
        resource: upstream.url,
      },
    ]);
  },
);
