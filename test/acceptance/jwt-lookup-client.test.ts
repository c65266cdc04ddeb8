import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import type { IssuerRequest } from '../fixtures/issuer.ts';
import { startOidcIssuer } from '../fixtures/oidc-issuer.ts';
import { registerStrictClient } from '../fixtures/strict-client.ts';
import { expectTokensRefused, expectTokensServed } from './jwt-site.ts';
import { CLIENT, GATEWAY_SECRET, newToken, startLookupSite } from './lookup-site.ts';

describe('how the gateway proves that it is the client', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

  test('JWT-28 by a key, each time with an assertion of its own, for the issuer and for a minute', async () => {
    const client = { ...CLIENT, auth: 'private_key_jwt' };
    const site = await startLookupSite({ settings: { client }, env: { LOOKUP_SECRET: pem } });
    await expectTokensServed(site, { one: site.goodToken(), two: site.goodToken() });
    const forms = site.issuer.requests
      .filter(({ path }) => path === '/introspect')
      .map(({ body }: IssuerRequest) => new URLSearchParams(body));
    const proofs = await Promise.all(
      forms.map((form) => jwtVerify(form.get('client_assertion') ?? '', createPublicKey(privateKey))),
    );
    for (const { payload, protectedHeader } of proofs) {
      expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'client-authentication+jwt' });
      expect(payload).toMatchObject({ iss: CLIENT.id, sub: CLIENT.id, aud: site.issuer.url });
      expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
    }
    expect(new Set(proofs.map(({ payload }) => payload.jti)).size).toBe(2);
    await site.close();
  });

  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwks = { keys: [{ kty, crv, x, y, use: 'sig', alg: 'ES256' }] };
  test.each([
    { auth: 'client_secret_basic', secret: GATEWAY_SECRET, known: { client_secret: GATEWAY_SECRET } },
    { auth: 'client_secret_post', secret: GATEWAY_SECRET, known: { client_secret: GATEWAY_SECRET } },
    { auth: 'private_key_jwt', secret: pem, known: { jwks } },
  ])('JWT-28 a provider that is not ours takes the proof and tells: $auth', async ({ auth, secret, known }) => {
    const { id } = CLIENT;
    const gateway = { client_id: id, token_endpoint_auth_method: auth as never, grant_types: [], redirect_uris: [] };
    const provider = await startOidcIssuer({
      refresh: 'always',
      clients: [{ ...gateway, ...known, response_types: [] }],
    });
    const settings = { issuer: provider.url, client: { id, auth, secret: { env: 'LOOKUP_SECRET' } } };
    const site = await startLookupSite({ settings, env: { LOOKUP_SECRET: secret } });
    const wanted = { resource: site.gateway.url, scope: 'file:read' };
    provider.protect(wanted.resource, { scopes: ['file:read', 'other'], format: 'opaque' });
    const alice = await registerStrictClient(provider.url);
    const tokens = await alice.signIn(wanted);
    const poor = await alice.signIn({ ...wanted, scope: 'other' });
    expect(tokens.access_token).toMatch(/^[\w-]{20,}$/);
    await expectTokensServed(site, { alice: tokens.access_token });
    await expectTokensRefused(site, { refresh: tokens.refresh_token ?? '', made: newToken() });
    await expectTokensRefused(site, { poor: poor.access_token }, 403);
    await site.close();
    await provider.close();
  });
});
