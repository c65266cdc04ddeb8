import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../fixtures/issuer.ts';
import type { IssuerKey } from '../fixtures/issuer-keys.ts';
import { expectTokensRefused, expectTokensServed, startJwtSite, statusOf, type JwtSite } from './jwt-site.ts';

// While an issuer fails, or tokens name keys that it does not have, it is asked once in this time.
const COOL_DOWN_MS = 5000;

let site: JwtSite;
beforeAll(async () => {
  site = await startJwtSite();
});
afterAll(() => site.close());

function mintUnknown(at: JwtSite): Record<string, Promise<string>> {
  return Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`kid ${i}`, at.mint({}, { kid: randomUUID() })]));
}

/** How often the issuer may have been asked since. */
function mostAsked(since: number): number {
  return 1 + Math.floor((performance.now() - since) / COOL_DOWN_MS);
}

test('JWT-05 200 unknown key ids make the issuer be asked once, and hide no new key for long', async () => {
  await expectTokensServed(site, { right: site.mint() });
  const before = site.issuer.countOf('/jwks');
  const since = performance.now();
  await expectTokensRefused(site, mintUnknown(site));
  expect(site.issuer.countOf('/jwks') - before).toBeGreaterThan(0);
  expect(site.issuer.countOf('/jwks') - before).toBeLessThanOrEqual(mostAsked(since));
  expect(site.issuer.countOf('/.well-known/oauth-authorization-server')).toBe(1);
  await site.issuer.addKey('ES256');
  const next = await site.mint();
  await expect.poll(() => statusOf(site, next), { timeout: 15_000, interval: 200 }).toBe(200);
});

test('JWT-05 unknown key ids before any other token, at once and in turn', async () => {
  const cold = await startJwtSite();
  const tokens = await Promise.all(Object.values(mintUnknown(cold)));
  const since = performance.now();
  const first = await Promise.all(tokens.slice(0, 50).map((token) => statusOf(cold, token)));
  expect(new Set(first)).toEqual(new Set([401]));
  await expectTokensRefused(cold, Object.fromEntries(tokens.entries()));
  expect(cold.issuer.countOf('/jwks')).toBeLessThanOrEqual(mostAsked(since));
  expect(cold.issuer.countOf('/jwks')).toBeGreaterThan(0);
  await cold.close();
});

test('JWT-05 a token without key id is taken only where exactly one key fits', async () => {
  const two = await startJwtSite({ issuer: { algorithms: ['RS256', 'ES256'] } });
  await expectTokensServed(two, { 'one of its algorithm': two.mint({}, { kid: undefined }) });
  await two.issuer.addKey('ES256');
  await expectTokensServed(two, { 'named, so that the new key is known': two.mint() });
  const older = two.issuer.keys.find(({ alg }) => alg === 'ES256') as IssuerKey;
  await expectTokensRefused(two, {
    'two of its algorithm': two.mint({}, { kid: undefined }),
    'two of its algorithm, by the older': two.mint({}, { kid: undefined }, { key: older }),
    'kid null': two.mint({}, { kid: null }),
    'kid empty': two.mint({}, { kid: '' }),
    'kid as a list': two.mint({}, { kid: [two.issuer.keys.at(-1)?.kid] }),
  });
  await two.close();
});

test('JWT-26 a new key is followed within one request, and one that was removed ends', async () => {
  const turning = await startJwtSite({ settings: { keysRefresh: '2s' } });
  const [old] = turning.issuer.keys as [IssuerKey];
  const known = await turning.mint();
  await expectTokensServed(turning, { known });
  const before = turning.issuer.countOf('/jwks');
  await turning.issuer.addKey('ES256');
  await expectTokensServed(turning, { next: turning.mint(), known });
  expect(turning.issuer.countOf('/jwks')).toBe(before + 1);
  turning.issuer.removeKey(old.kid);
  await expect.poll(() => statusOf(turning, known), { timeout: 10_000, interval: 100 }).toBe(401);
  await expectTokensRefused(turning, {
    known,
    'a new one by the old key': turning.mint({}, { kid: old.kid }, { key: old }),
  });
  await expectTokensServed(turning, { next: turning.mint() });
  await turning.close();
});

test('JWT-26 an issuer that takes back its last key ends what it verified, until there is another', async () => {
  const emptied = await startJwtSite({ settings: { keysRefresh: '2s' } });
  const [old] = emptied.issuer.keys as [IssuerKey];
  const known = await emptied.mint();
  await expectTokensServed(emptied, { known });
  emptied.issuer.removeKey(old.kid);
  await expect.poll(() => statusOf(emptied, known), { timeout: 10_000, interval: 100 }).toBe(503);
  const fresh = emptied.mint({}, { kid: old.kid }, { key: old });
  await expectTokensRefused(emptied, { known, 'a new one by the old key': fresh }, 503);
  await emptied.issuer.addKey('ES256');
  const next = await emptied.mint();
  await expect.poll(() => statusOf(emptied, next), { timeout: 10_000, interval: 100 }).toBe(200);
  await expectTokensRefused(emptied, { known });
  await emptied.close();
});

test('JWT-26 after a quiet time the first request already sees that a key was removed', async () => {
  const quiet = await startJwtSite({ settings: { keysRefresh: '1s' } });
  const [old] = quiet.issuer.keys as [IssuerKey];
  const known = await quiet.mint();
  await expectTokensServed(quiet, { known });
  const loaded = performance.now();
  await quiet.issuer.addKey('ES256');
  quiet.issuer.removeKey(old.kid);
  await expect.poll(() => performance.now() - loaded).toBeGreaterThan(1100);
  await expectTokensRefused(quiet, { known });
  await quiet.close();
});

test('JWT-26 a key set in a file is read again when it changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-jwks-'));
  const issuer = await startIssuer();
  const file = join(folder, 'jwks.json');
  const write = async (): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify({ keys: issuer.keys.map((key) => key.publicJwk) }));
    await rename(`${file}.new`, file);
  };
  await write();
  const filed = await startJwtSite({ others: { filed: { issuer: issuer.url, jwks: { file } } } });
  const mint = (): Promise<string> => issuer.accessToken({ aud: filed.gateway.url, scope: 'file:read' });
  const known = await mint();
  await expectTokensServed(filed, { known });
  const [old] = issuer.keys as [IssuerKey];
  await issuer.addKey('ES256');
  issuer.removeKey(old.kid);
  await write();
  await expectTokensServed(filed, { next: mint() });
  await expect.poll(() => statusOf(filed, known), { timeout: 5000 }).toBe(401);
  expect(issuer.requests).toEqual([]);
  await filed.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

test('JWT-26 a key set is taken from `jwks.url`, whatever the issuer says of itself', async () => {
  const issuer = await startIssuer({ metadata: { jwks_uri: 'https://elsewhere.example/jwks' } });
  const named = await startJwtSite({
    others: { named: { issuer: issuer.url, jwks: { url: `${issuer.origin}/jwks` } } },
  });
  const claims = { aud: named.gateway.url, scope: 'file:read' };
  await expectTokensServed(named, { named: issuer.accessToken(claims) });
  expect(new Set(issuer.requests.map(({ path }) => path))).toEqual(new Set(['/jwks']));
  await named.close();
  await issuer.close();
});
