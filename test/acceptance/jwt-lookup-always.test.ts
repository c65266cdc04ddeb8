import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { boundTo, client, otherClient, sendProved } from './dpop-site.ts';
import { expectUpstreamUntouched } from './harness.ts';
import { expectTokensRefused, expectTokensServed } from './jwt-site.ts';
import { CLIENT, startLookupSite, type LookupSite } from './lookup-site.ts';

/** Whose tokens are for the issuer itself, as its products have it. */
let own: TestIssuer;
let site: LookupSite;
beforeAll(async () => {
  own = await startIssuer();
  const introspection = { always: true };
  const settings = { introspection: { always: true, url: `${own.url}/introspect` }, tokenPrefixes: ['own_'] };
  site = await startLookupSite({
    settings: { introspection },
    others: { own: { issuer: own.url, audience: own.url, client: CLIENT, ...settings } },
  });
});
afterAll(async () => {
  await site.close();
  await own.close();
});

/** A JWT of which its issuer says that it is active, and this. */
async function jwt(says: object, claims: object = {}): Promise<string> {
  const token = await site.mint(claims);
  site.issuer.introspect(token, { active: true, ...says });
  return token;
}

test('JWT-28 a JWT that its issuer says is bound to a key is no bearer token, whatever it says itself', async () => {
  await expectTokensServed(site, { 'bound to nothing': jwt({ token_type: 'Bearer' }) });
  await expectTokensRefused(site, {
    'bound to a key': jwt(boundTo(client)),
    'bound to a certificate': jwt({ cnf: { 'x5t#S256': 'a'.repeat(43) } }),
    'bound to a key that is not named': jwt({ token_type: 'DPoP' }),
    'bound to nothing that is known': jwt({ cnf: null }),
    'bound by its kind, which it says itself': jwt({}, { token_type: 'DPoP' }),
  });
});

test('JWT-28 a JWT that is bound to a key is bound to the one that its issuer names', async () => {
  const right = await jwt({ token_type: 'DPoP', ...boundTo(client) }, boundTo(client));
  expect((await sendProved(site, right)).status).toBe(200);
  const silent = await jwt({}, boundTo(client));
  expect((await sendProved(site, silent)).status).toBe(200);
  await expectUpstreamUntouched(site, async () => {
    const torn = await jwt(boundTo(otherClient), boundTo(client));
    expect((await sendProved(site, torn)).status).toBe(401);
    expect((await sendProved(site, torn, { by: otherClient })).status).toBe(401);
  });
});

test('JWT-28 an issuer may say that a JWT is for the audience of the configuration, also where that is itself', async () => {
  const token = await own.accessToken({ aud: own.url, scope: 'file:read' });
  own.introspect(token, { active: true, aud: own.url });
  await expectTokensServed(site, { token });
  await expectTokensRefused(site, { 'for the issuer': jwt({ aud: site.issuer.url }) });
});
