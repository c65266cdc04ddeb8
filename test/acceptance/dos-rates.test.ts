import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hold } from '../fixtures/connections.ts';
import { headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import { startLimitedSite } from './dos-site.ts';
import {
  expectRefused,
  modernCall,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const linux = process.platform === 'linux';
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  const tools = {
    echo: { scopes: ['file:read'], limit: '3/s' },
    slow: { scopes: ['file:read'], limit: '2/h' },
    query: { scopes: ['file:read'] },
  };
  sites = await startEverySite({ tools, limits: { callsPerCredential: '10/s', failedPerAddress: '1000000/min' } });
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

/** Calls until it is told to wait; gives how many were let through and the refusal. */
async function callUntilLimited(site: Site<Spy>, call: Call): Promise<{ passed: number; refused: RawAnswer }> {
  for (let passed = 0; passed < 100; passed += 1) {
    site.spy.reset();
    const answer = await send(site, call);
    if (answer.status !== 429) continue;
    await site.spy.settled?.();
    expect(site.spy.bytes()).toBe('');
    return { passed, refused: answer };
  }
  throw new Error('100 calls were let through');
}

/** The seconds of `Retry-After`, after which the next call passes. */
function expectWait(refused: RawAnswer): number {
  expect(refused.status).toBe(429);
  expect(json(refused).error?.code).toBe(429);
  expect(headerValue(refused, 'cache-control')).toBe('no-store');
  expect(headerValue(refused, 'retry-after')).toMatch(/^[1-9]\d*$/);
  return Number(headerValue(refused, 'retry-after'));
}

test('DOS-11 rate limit per principal', async () => {
  for (const site of sites) {
    const list = modernCall('tools/list');
    const { passed, refused } = await callUntilLimited(site, list);
    expect(passed).toBeGreaterThanOrEqual(10);
    const wait = expectWait(refused);
    // Another caller is not held up, and what the caller calls makes no difference.
    expect((await send(site, { ...list, token: site.tokens.bob })).status).toBe(200);
    expect([200, 429]).toContain((await send(site, { tool: 'query' })).status);
    await sleep(wait * 1000);
    expect((await send(site, list)).status).toBe(200);
  }
});

test('DOS-11 rate limit per tool', async () => {
  for (const site of sites) {
    await sleep(1000);
    const { passed, refused } = await callUntilLimited(site, { tool: 'slow' });
    expect(passed).toBe(2);
    expect(expectWait(refused)).toBeGreaterThan(60);
    expect(json(refused).error?.code).toBe(429);
    // Other tools, and the tool for other callers, have limits of their own.
    expect((await send(site, { tool: 'query' })).status).toBe(200);
    expect((await send(site, { tool: 'slow', token: site.tokens.bob })).status).toBe(200);
    await sleep(1000);
    const short = await callUntilLimited(site, {});
    expect(short.passed).toBeGreaterThanOrEqual(3);
    await sleep(expectWait(short.refused) * 1000);
    expect(responseOf(await send(site)).result).toBeDefined();
    // A caller that may not call it does not use it up, and learns nothing of the limit.
    await expectRefused(site, { token: site.tokens.none }, 403);
  }
});

/** Sends requests of one address on one connection; gives their statuses. */
async function statusesFrom(site: Site<Spy>, from: string, calls: readonly Call[]): Promise<readonly number[]> {
  const held = hold(site.gateway.url, { from });
  for (const [index, call] of calls.entries()) {
    held.socket.write(requestBytes(site, call));
    await expect
      .poll(() => held.text().match(/HTTP\/1\.1 \d{3}/g)?.length, { timeout: 10_000, interval: 2 })
      .toBe(index + 1);
  }
  held.socket.destroy();
  return (held.text().match(/HTTP\/1\.1 \d{3}/g) ?? []).map((line) => Number(line.slice(-3)));
}

const FAILED = 5;
const ROTATING = [
  'X-Forwarded-For',
  'Forwarded',
  'X-Real-IP',
  'X-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'X-Forwarded',
  'Client-IP',
  'Via',
];

function wrongTokens(count: number, headers: (index: number) => Record<string, string> = () => ({})): readonly Call[] {
  return Array.from({ length: count }, (_, i) => ({ token: `lk_wrong${i}`, headers: headers(i) }));
}

test.skipIf(!linux)('DOS-12 auth-failure limit', async () => {
  const site = await startLimitedSite({ failedPerAddress: `${FAILED}/min` });
  const known = { token: site.tokens.aliceRead };
  // Came in from there before: it is let in still. Never did: a right credential looks like a wrong one.
  expect(await statusesFrom(site, '127.0.0.2', [known])).toEqual([200]);
  expect(await statusesFrom(site, '127.0.0.2', wrongTokens(FAILED + 3))).toEqual([
    401, 401, 401, 401, 401, 429, 429, 429,
  ]);
  expect(await statusesFrom(site, '127.0.0.2', [known, known])).toEqual([200, 200]);
  expect(await statusesFrom(site, '127.0.0.3', [...wrongTokens(FAILED + 1), known])).toEqual([
    401, 401, 401, 401, 401, 429, 429,
  ]);
  expect(await statusesFrom(site, '127.0.0.4', [known])).toEqual([200]);
  // Whatever is wrong with it counts, and however it is sent.
  const kinds: readonly Call[] = [
    { token: null, headers: { Authorization: 'Bearer !' } },
    { token: null, headers: { Authorization: 'Basic YTpi' } },
    { token: null, headers: { 'X-API-Key': 'lkk_wrong' } },
    { token: 'not-of-ours' },
    { target: '/.latchkey/rotate', body: '', token: 'lk_wrong' },
    { method: 'GET', token: 'lk_wrong' },
    { method: 'GET', token: 'lk_other' },
  ];
  expect(await statusesFrom(site, '127.0.0.5', kinds)).toEqual([401, 401, 401, 401, 401, 429, 429]);
  // No credential at all is no guess.
  const none = Array.from({ length: FAILED * 3 }, () => ({ token: null }));
  expect(new Set(await statusesFrom(site, '127.0.0.6', none))).toEqual(new Set([401]));
  await site.close();
});

test.skipIf(!linux)('DOS-13 XFF rotation does not help', async () => {
  const site = await startLimitedSite({ failedPerAddress: `${FAILED}/min` });
  for (const [index, name] of ROTATING.entries()) {
    const rotating = wrongTokens(FAILED + 2, (i) => ({
      [name]: name === 'Forwarded' ? `for=10.0.0.${i}` : `10.0.0.${i}`,
    }));
    const statuses = await statusesFrom(site, `127.0.1.${index + 1}`, rotating);
    expect({ name, statuses }).toEqual({ name, statuses: [401, 401, 401, 401, 401, 429, 429] });
  }
  // Nor a connection for each.
  const each: number[] = [];
  for (const call of wrongTokens(FAILED + 2, (i) => ({ 'X-Forwarded-For': `10.0.0.${i}`, Connection: 'close' })))
    each.push(...(await statusesFrom(site, '127.0.1.50', [call])));
  expect(each).toEqual([401, 401, 401, 401, 401, 429, 429]);
  await site.close();
});

test.skipIf(!linux)('DOS-13 XFF rotation does not help: behind a trusted proxy the address it saw counts', async () => {
  const site = await startLimitedSite(
    { failedPerAddress: `${FAILED}/min` },
    { behindProxy: { trusted: ['127.0.0.1'] } },
  );
  const forged = wrongTokens(FAILED + 2, (i) => ({ 'X-Forwarded-For': `10.0.0.${i}, 198.51.100.7` }));
  expect(await statusesFrom(site, '127.0.0.1', forged)).toEqual([401, 401, 401, 401, 401, 429, 429]);
  // Another client of the same proxy is not held up.
  const other = { token: site.tokens.aliceRead, headers: { 'X-Forwarded-For': '198.51.100.7, 198.51.100.8' } };
  expect(await statusesFrom(site, '127.0.0.1', [other])).toEqual([200]);
  // Addresses of one IPv6 network are one.
  const network = wrongTokens(FAILED + 2, (i) => ({ 'X-Forwarded-For': `2001:db8:0:7:${i}:${i}::${i}` }));
  expect(await statusesFrom(site, '127.0.0.1', network)).toEqual([401, 401, 401, 401, 401, 429, 429]);
  const neighbour = wrongTokens(1, () => ({ 'X-Forwarded-For': '2001:db8:0:8::1' }));
  expect(await statusesFrom(site, '127.0.0.1', neighbour)).toEqual([401]);
  await site.close();
});

const IPV6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1') === true);

test.skipIf(!IPV6)('DOS-12 auth-failure limit: over IPv6', async () => {
  const site = await startLimitedSite({ failedPerAddress: `${FAILED}/min` }, { listen: '[::1]:0' });
  const statuses: number[] = [];
  for (const call of wrongTokens(FAILED + 1)) {
    const held = hold(site.gateway.url);
    const bytes = requestBytes(site, { ...call, headers: { Connection: 'close' } });
    held.socket.write(bytes);
    await held.closed;
    statuses.push(Number(held.text().slice(9, 12)));
  }
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  await site.close();
});
