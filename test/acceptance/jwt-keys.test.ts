import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectTokensServed, startJwtSite, type JwtSite } from './jwt-site.ts';

let site: JwtSite;

beforeAll(async () => {
  site = await startJwtSite();
});
afterAll(() => site.close());

test('JWT-26 a key that the issuer added signs the next token', async () => {
  await expectTokensServed(site, { first: site.mint() });
  const before = site.issuer.countOf('/jwks');
  await site.issuer.addKey('ES256');
  await expectTokensServed(site, { next: site.mint() });
  expect(site.issuer.countOf('/jwks')).toBe(before + 1);
});
