import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMutatedRequest } from '../fixtures/mutated-requests.ts';
import { isRunning } from '../fixtures/processes.ts';
import { createRandom, pick } from '../fixtures/random.ts';
import { storm, type Statuses } from '../fixtures/request-storm.ts';
import { send, startEverySite, type Site, type Spy } from './harness.ts';

/** For each of the two properties, HTTP and both kinds of stdio server together. */
const COUNT = Number(process.env['LATCHKEY_STORM'] ?? 20_000);
const SEED = Number(process.env['LATCHKEY_SEED'] ?? 20_260_728);
const LONGEST_MS = 60_000 + COUNT * 5;
const SHARES = [0.9, 0.05, 0.05];
/** Of few requests it may be that none is sound, and nothing is said of the gateway then. */
const LEAST = 100;
const ENDLESS = '1000000/min';

let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = await startEverySite({
    limits: {
      requestsPerAddress: ENDLESS,
      failedPerAddress: ENDLESS,
      callsPerCredential: ENDLESS,
      connectionsPerAddress: 1000,
      sessions: 100_000,
      sessionIdle: '5s',
      children: 8,
      headersTimeout: '1s',
      bodyTimeout: '1s',
    },
  });
});
afterAll(async () => {
  for (const site of sites) await site.close();
});

/** Header lines that hold no valid credential, though some hold a valid token: in the wrong place, or twice. */
function wrongCredentials({ tokens, apiKey }: Site<Spy>): readonly (readonly string[])[] {
  const { aliceRead: good, expired, revoked, audience } = tokens;
  const near = [
    good.slice(1),
    good.slice(0, -1),
    `${good}x`,
    good.toUpperCase(),
    good.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
    `"${good}"`,
    `${good},${good}`,
    `${good} ${good}`,
    'lk_',
    '',
  ];
  return [
    [],
    [],
    ...[expired, revoked, audience, ...near].map((token) => [`Authorization: Bearer ${token}`]),
    ...[expired, revoked, audience, ...near].map((token) => [`X-API-Key: ${token}`]),
    ...['Basic', 'DPoP', 'Token', 'Digest', 'Bearer:', 'BearerX'].map((scheme) => [`Authorization: ${scheme} ${good}`]),
    [`Authorization: ${good}`],
    [`X-Authorization: Bearer ${good}`],
    [`Proxy-Authorization: Bearer ${good}`],
    [`Cookie: token=${good}; access_token=${good}`],
    [`Mcp-Session-Id: ${good}`],
    [`Authorization : Bearer ${good}`],
    [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`],
    [`Authorization: Bearer ${good}`, `X-API-Key: ${apiKey}`],
    [`X-API-Key: ${apiKey}`, `x-api-key: ${apiKey}`],
  ];
}

async function stormAll(credentialsOf: (site: Site<Spy>) => readonly (readonly string[])[]): Promise<Statuses[]> {
  const found: Statuses[] = [];
  for (const [at, site] of sites.entries()) {
    const random = createRandom(SEED + at);
    const credentials = credentialsOf(site);
    const { host } = new URL(site.gateway.url);
    site.spy.reset();
    const next = () => createMutatedRequest(random, host, pick(random, credentials));
    const count = Math.max(LEAST, Math.round(COUNT * (SHARES[at] as number)));
    found.push(await storm({ url: site.gateway.url, count, connections: 32, next }));
  }
  return found;
}

/** It was a storm of requests that the gateway answered, not of connections that it refused. */
function expectAnswered(statuses: Statuses): void {
  const all = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  expect(statuses.get(0) ?? 0).toBeLessThan(all / 5);
}

async function expectUnharmed(site: Site<Spy>): Promise<void> {
  expect(isRunning(site.gateway.pid)).toBe(true);
  expect(site.gateway.talk()).not.toMatch(/RangeError|could not be judged|ncaught|nhandled|^\s+at /m);
  const poll = { timeout: 20_000 };
  await expect.poll(() => send(site).then(({ status }) => status), poll).toBe(200);
}

test(
  'ROB-03 no credential, no upstream',
  async () => {
    const found = await stormAll(wrongCredentials);
    for (const [at, site] of sites.entries()) {
      await site.spy.settled?.();
      expect(site.spy.bytes()).toBe('');
      expectAnswered(found[at] as Statuses);
      await expectUnharmed(site);
    }
  },
  LONGEST_MS,
);

test(
  'ROB-05 no crash, no stack',
  async () => {
    const found = await stormAll(({ tokens, apiKey }) => [
      [`Authorization: Bearer ${tokens.aliceRead}`],
      [`Authorization: Bearer ${tokens.admin}`],
      [`X-API-Key: ${apiKey}`],
    ]);
    for (const [at, site] of sites.entries()) {
      const statuses = found[at] as Statuses;
      // The servers behind are sound, so there is no reason for any of them.
      expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
      expect(statuses.get(200)).toBeGreaterThan(0);
      expectAnswered(statuses);
      expect(site.spy.bytes()).not.toBe('');
      await expectUnharmed(site);
    }
  },
  LONGEST_MS,
);
