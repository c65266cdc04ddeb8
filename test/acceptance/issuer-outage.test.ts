import { afterEach, expect, test } from 'vitest';
import type { Fault } from '../fixtures/issuer-faults.ts';
import { startIssuer, type IssuerOptions, type TestIssuer } from '../fixtures/issuer.ts';
import { expectRefused, send, startSite, type Site } from './harness.ts';

let opened: AsyncDisposableStack;
afterEach(() => opened.disposeAsync());

/** A gateway with an issuer of each name, whose settings `of` gives. */
async function open(names: readonly string[], of: (name: string) => object = () => ({}), options: IssuerOptions = {}) {
  opened = new AsyncDisposableStack();
  const issuers = new Map<string, TestIssuer>();
  for (const name of names)
    issuers.set(
      name,
      opened.adopt(await startIssuer(options), (issuer) => issuer.close()),
    );
  const settings = [...issuers].map(([name, { url }]) => [name, { issuer: url, ...of(name) }]);
  const env = { ISSUER_CLIENT_SECRET: 'of the gateway' };
  const site = opened.adopt(await startSite({ auth: { issuers: Object.fromEntries(settings) } }, env), (it) =>
    it.close(),
  );
  return { site, issuers, issuer: issuers.values().next().value as TestIssuer };
}

const tokenOf = (issuer: TestIssuer, site: Site, claims = {}): Promise<string> =>
  issuer.accessToken({ aud: site.gateway.url, scope: 'file:read', ...claims });
const statusOf = async (site: Site, token: string): Promise<number> => (await send(site, { token })).status;

test('with the issuer gone, keys serve until their bound; then nobody is let in until it is back', async () => {
  const { site, issuer } = await open(['test'], () => ({ keysMaxAge: '5s' }));
  const known = await tokenOf(issuer, site);
  expect(await statusOf(site, known)).toBe(200);
  const keysFrom = Date.now();
  await issuer.stop();
  const statuses = new Set<number>();
  await expect
    .poll(async () => {
      const status = await statusOf(site, await tokenOf(issuer, site));
      statuses.add(status);
      return status;
    })
    .toBe(503);
  expect([...statuses]).toEqual([200, 503]);
  expect(Date.now() - keysFrom).toBeGreaterThan(4_000);

  const { headers } = await expectRefused(site, { token: known }, 503);
  expect(headers.map(([name]) => name.toLowerCase())).toContain('retry-after');
  await expectRefused(site, { token: await tokenOf(issuer, site) }, 503);
  expect(await statusOf(site, site.tokens.aliceRead)).toBe(200);

  await issuer.start();
  await expect.poll(async () => statusOf(site, known), { timeout: 40_000 }).toBe(200);
});

test('a key rotation at the issuer is followed within one request', async () => {
  const { site, issuer } = await open(['test']);
  const [old] = issuer.keys;
  const before = await tokenOf(issuer, site);
  expect(await statusOf(site, before)).toBe(200);
  await issuer.addKey('ES256');
  issuer.removeKey(old?.kid ?? '');
  const asked = issuer.countOf('/jwks');
  expect(await statusOf(site, await tokenOf(issuer, site))).toBe(200);
  expect(issuer.countOf('/jwks')).toBe(asked + 1);

  await expectRefused(site, { token: before }, 401);
});

test('a gateway that starts before its issuer lets in nobody, and everybody once it is there', async () => {
  const { site, issuer } = await open(['test']);
  await issuer.stop();
  await expectRefused(site, { token: await tokenOf(issuer, site) }, 503);
  await issuer.start();
  await expect.poll(async () => statusOf(site, await tokenOf(issuer, site)), { timeout: 40_000 }).toBe(200);
});

const faults: readonly Fault[] = ['hang', 'refuse', 'error', 'missing', 'garbage', 'slow', 'redirect', 'huge'];

test.each(['/jwks', '/.well-known/oauth-authorization-server'])(
  'whatever an issuer does wrong at %s, nobody is let in for it and nobody else waits',
  async (path) => {
    const { site, issuers } = await open([...faults, 'sound']);
    for (const name of faults) {
      issuers.get(name)?.fault(path, name);
      // The other places where the metadata could be.
      if (path !== '/jwks') issuers.get(name)?.fault('/.well-known/openid-configuration', name);
    }
    const refused = faults.map(async (name) => statusOf(site, await tokenOf(issuers.get(name) as TestIssuer, site)));
    const started = Date.now();
    expect(await statusOf(site, await tokenOf(issuers.get('sound') as TestIssuer, site))).toBe(200);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(await Promise.all(refused)).toEqual(faults.map(() => 503));
    const seen = [...issuers.values()].flatMap(({ requests }) => requests);
    expect(seen.filter((request) => request.path.startsWith('/redirected'))).toEqual([]);
  },
);

test('opaque tokens that were introspected go on for a while when the issuer is gone, and others do not', async () => {
  const client = { id: 'gateway', secret: { env: 'ISSUER_CLIENT_SECRET' } };
  const { site, issuer } = await open(['test'], () => ({ introspection: true, client }));
  const active = { active: true, sub: 'alice', client_id: 'app', scope: 'file:read', aud: site.gateway.url };
  for (const token of ['opaque-token-known', 'opaque-token-new']) issuer.introspect(token, active);
  expect(await statusOf(site, 'opaque-token-known')).toBe(200);
  await issuer.stop();
  expect(await statusOf(site, 'opaque-token-known')).toBe(200);
  await expectRefused(site, { token: 'opaque-token-new' }, 503);
  await issuer.start();
  await expect.poll(async () => statusOf(site, 'opaque-token-new'), { timeout: 40_000 }).toBe(200);
});
