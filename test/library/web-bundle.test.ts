import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM_MISSING, runInChromium } from '../fixtures/chromium.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { presentJwts, type PresentedJwt } from '../fixtures/presented-jwts.ts';
import { bundleForWeb, bundlePage } from '../fixtures/web-bundle.ts';
import type { PageResult, Told } from '../fixtures/web-page.ts';
import { runInWorker, WORKERD_MISSING } from '../fixtures/workerd.ts';

const KIB = 1024;
const RESOURCE = 'https://api.example/mcp';
const EVERYTHING = ['createLatchkey', 'createRouteLock', 'jwt', 'latchkey'];
const ROUTES = ['createRouteLock', 'jwt', 'latchkey'];

/** Names that only Node has, as a value of their own: where a bundler would put in something of its own. */
const FREE = /(?<![\w$.'"`?-])(?:Buffer|process|global|setImmediate|__dirname)\b(?!['"`:?-])/;

describe('latchkey/fetch, bundled for a browser', () => {
  test('needs nothing of Node and nothing of npm', async () => {
    const { code, imports } = await bundleForWeb('fetch.ts', EVERYTHING);
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/node:|\brequire\(/);
    expect(FREE.exec(code)?.[0] ?? null).toBeNull();
    expect(code).not.toMatch(/\bimport\b/);
  });

  test('is small', async () => {
    const [routes, whole] = await Promise.all([ROUTES, EVERYTHING].map((names) => bundleForWeb('fetch.ts', names)));
    const [small, large] = [routes, whole].map((each) => (each?.gzipBytes ?? Infinity) / KIB) as [number, number];
    console.log(`latchkey/fetch with JWT, gzipped: ${small.toFixed(1)} KiB, with MCP ${large.toFixed(1)} KiB`);
    // 25 kB by either way of counting.
    expect(small * KIB).toBeLessThanOrEqual(25_000);
    expect(large).toBeLessThanOrEqual(37);
  });
});

// Of what only Node has, workers of today have some.
const RUNTIMES = [
  { where: 'a browser', missing: CHROMIUM_MISSING, run: runInChromium, platform: /^undefined undefined .*Chrome\// },
  { where: 'a worker', missing: WORKERD_MISSING, run: runInWorker, platform: / Cloudflare-Workers$/ },
];

describe.each(RUNTIMES)('latchkey/fetch', ({ where, missing, run, platform }) => {
  describe.skipIf(missing)(`in ${where}`, () => {
    let issuer: TestIssuer;
    let elsewhere: TestIssuer;
    let presented: readonly PresentedJwt[];
    let page: PageResult;

    beforeAll(async () => {
      [issuer, elsewhere] = await Promise.all([start(), start()]);
      elsewhere.fault('/jwks', 'redirect');
      presented = await presentJwts(issuer, RESOURCE);
      const claims = { aud: RESOURCE, scope: 'mcp' };
      const told: Told = {
        issuer: issuer.url,
        redirecting: elsewhere.url,
        resource: RESOURCE,
        presented,
        right: await issuer.accessToken(claims),
        redirected: await elsewhere.accessToken(claims),
      };
      const [whole, routes] = await Promise.all([EVERYTHING, ROUTES].map((names) => bundleForWeb('fetch.ts', names)));
      page = (await run({
        'latchkey.js': whole!.code,
        'routes.js': routes!.code,
        'told.js': `export default ${JSON.stringify(told)};`,
        'page.js': await bundlePage(new URL('../fixtures/web-page.ts', import.meta.url).pathname),
      })) as PageResult;
    });
    afterAll(() => Promise.all([issuer, elsewhere].map((each) => each?.close())));

    test('runs there', () => {
      expect(page.platform.join(' ')).toMatch(platform);
    });

    test('takes right tokens, and no other', () => {
      const expected = presented.map(({ what, outcome }) => [what, outcome === 'accept' ? 200 : 401]);
      expect(page.presented.map(({ what, status }) => [what, status])).toEqual(expected);
      const accepted = expected.filter(([, status]) => status === 200).length;
      expect(page.presented.at(-1)?.served).toBe(accepted);
      // Once for each of the two locks, whatever was presented.
      expect(issuer.countOf('/jwks')).toBe(2);
      const challenges = page.presented.filter(({ status }) => status !== 200).map(({ challenge }) => challenge);
      expect(challenges.filter((challenge) => !/^Bearer .*error="invalid_token"/.test(challenge ?? ''))).toEqual([]);
    });

    test('asks for a token, and for the scope that is missing', () => {
      expect(page.nothing).toMatchObject({ status: 401, challenge: expect.stringContaining('resource_metadata=') });
      expect(page.scope).toMatchObject({
        status: 403,
        challenge: expect.stringMatching(/error="insufficient_scope".*scope="admin"/),
      });
      expect(page.metadata).toMatchObject({ resource: RESOURCE, authorization_servers: [issuer.url] });
    });

    test('does the same with what protects routes only', () => {
      expect(page.small.map(({ status }) => status)).toEqual([200, 403, 401]);
    });

    test('lets a call through that may be made, and refuses what two programs could read in two ways', () => {
      const { call, twice, bom, other, forbidden } = page;
      expect(call).toMatchObject({ status: 200 });
      expect(twice).toMatchObject({ status: 400, served: call.served });
      expect(bom).toMatchObject({ status: 400, served: call.served });
      expect(other).toMatchObject({ status: 400, served: call.served });
      expect(forbidden).toMatchObject({ status: 403, served: call.served });
    });

    test('shows of a list what may be used', () => {
      expect(page.list).toMatchObject({ status: 200 });
      const { result } = JSON.parse(page.list.body) as { result: { tools: { name: string }[] } };
      expect(result.tools).toEqual([{ name: 'read_file' }]);
    });

    test('follows no redirect of an issuer', () => {
      expect(page.redirected).toMatchObject({ status: 503 });
      expect(elsewhere.countOf('/redirected/jwks')).toBe(0);
    });
  });
});

/** An issuer that any page may ask. */
async function start(): Promise<TestIssuer> {
  const issuer = await startIssuer({ audience: RESOURCE, algorithms: ['ES256'] });
  const headers = { 'access-control-allow-origin': '*' };
  const { origin } = issuer;
  const metadata = { issuer: issuer.url, jwks_uri: `${origin}/jwks` };
  issuer.answer('/.well-known/oauth-authorization-server', () => Response.json(metadata, { headers }));
  issuer.answer('/jwks', () => Response.json({ keys: issuer.keys.map((key) => key.publicJwk) }, { headers }));
  return issuer;
}
