import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { injectFault, STRACE_MISSING } from '../fixtures/faults.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { answerOf, startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import { expectRefused, modernCall, send, startSite, type Site } from './harness.ts';

const linux = process.platform === 'linux';
/** What "at once" may take on a machine that is busy with other tests; every time-out here is longer. */
const AT_ONCE_MS = 3000;
const GOOD = answerOf(
  '200 OK',
  { 'Content-Type': 'application/json' },
  '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}',
);

let site: Site;
let upstream: ScriptedUpstream;
beforeAll(async () => {
  site = await startSite();
  upstream = await startScriptedUpstream(GOOD);
});
afterAll(async () => {
  await site.close();
  await upstream.close();
});

/** The site's credentials before another upstream. */
async function siteBefore(url: string, config: Readonly<Record<string, unknown>> = {}): Promise<Site> {
  const { configFile, store } = site.gateway;
  const rules = JSON.parse(readFileSync(configFile, 'utf8')) as object;
  const gateway = await startLatchkey({ config: { ...rules, upstream: { url }, store, ...config } });
  return { ...site, gateway: { ...gateway, store } };
}

async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; ms: number }> {
  const begun = performance.now();
  return { result: await work, ms: performance.now() - begun };
}

const healthOf = async ({ gateway }: Site): Promise<number> => {
  const { result, ms } = await timed(fetch(new URL('/healthz', gateway.url)));
  expect(result.status).toBe(200);
  return ms;
};

const exchange = { target: '/.latchkey/rotate', body: '' } as const;

test('ROB-08 dependency outage: a store that another process holds', async () => {
  const { token } = await site.gateway.createToken('turned', '--scope', 'file:read');
  const holder = new DatabaseSync(join(site.gateway.store, 'credentials.db'));
  holder.exec('BEGIN EXCLUSIVE');
  try {
    const begun = performance.now();
    const waiting = Array.from({ length: 40 }, () => send(site, { ...exchange, token }));
    // What is known can still be read, and nobody waits for those who want to write. Counts of uses are due meanwhile.
    let longest = 0;
    while (performance.now() - begun < 4000) {
      longest = Math.max(longest, await healthOf(site));
      const { result, ms } = await timed(send(site));
      expect(result.status).toBe(200);
      longest = Math.max(longest, ms);
    }
    expect(longest).toBeLessThan(AT_ONCE_MS);
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(503);
    await expect(site.gateway.createToken('more')).rejects.toThrow('E_STORE_LOCKED');
    await expectRefused(site, { token: site.tokens.revoked }, 401);
  } finally {
    holder.exec('ROLLBACK');
    holder.close();
  }
  const answer = await send(site, { ...exchange, token });
  expect(answer.status).toBe(200);
  const next = (JSON.parse(answer.body) as { token: string }).token;
  expect((await send(site, { token: next })).status).toBe(200);
});

test('ROB-08 dependency outage: a server that is down', async () => {
  const first = await startSpyUpstream();
  const port = Number(new URL(first.url).port);
  const own = await siteBefore(first.url);
  expect((await send(own)).status).toBe(200);
  await first.close();
  for (const call of [{}, modernCall('tools/list'), modernCall('server/discover')]) {
    const { result, ms } = await timed(send(own, call));
    expect(result.status).toBe(502);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  }
  // Whoever has no right to it learns nothing of that.
  expect((await send(own, { token: own.tokens.revoked })).status).toBe(401);
  const second = await startSpyUpstream(port);
  await expect.poll(() => send(own).then(({ status }) => status), { timeout: 10_000 }).toBe(200);
  await own.gateway.close();
  await second.close();
});

test('ROB-08 dependency outage: a name that does not resolve', async () => {
  const own = await siteBefore('https://nowhere.invalid/mcp');
  const { result, ms } = await timed(send(own));
  expect(result.status).toBe(502);
  expect(ms).toBeLessThan(15_000);
  expect(result.body).not.toContain('nowhere');
  await healthOf(own);
  await own.gateway.close();
});

test.skipIf(STRACE_MISSING)(
  'ROB-08 dependency outage: names that take 30 seconds',
  async () => {
    const own = await siteBefore(upstream.url.replace('127.0.0.1', 'localhost'), {
      limits: { connectionsPerAddress: 1000 },
    });
    const slow = await injectFault(own.gateway.pid, {
      calls: ['openat', 'open'],
      fault: 30_000,
      paths: ['/etc/hosts'],
    });
    const waiting = Array.from({ length: 20 }, async () => {
      const { result, ms } = await timed(fetchCall(own));
      expect([502, 504]).toContain(result);
      // Not because the name was wrong, and not as late as it would have come.
      expect(ms).toBeGreaterThan(5000);
      expect(ms).toBeLessThan(25_000);
    });
    // More are waiting than there are threads that look names up; the rest of the gateway needs none of them.
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await healthOf(own)).toBeLessThan(AT_ONCE_MS);
      const { result, ms } = await timed(send(own, { token: own.tokens.revoked }));
      expect(result.status).toBe(401);
      expect(ms).toBeLessThan(AT_ONCE_MS);
    }
    await Promise.all(waiting);
    await slow.end();
    await expect.poll(() => fetchCall(own), { timeout: 40_000 }).toBe(200);
    await own.gateway.close();
  },
  120_000,
);

/** A call's status; waits longer than a raw one. */
async function fetchCall({ gateway, tokens }: Site): Promise<number> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } });
  const headers = { Authorization: `Bearer ${tokens.aliceRead}`, 'Content-Type': 'application/json' };
  const answer = await fetch(gateway.url, { method: 'POST', headers, body });
  await answer.text();
  return answer.status;
}

const openFiles = ({ gateway }: Site): number => readdirSync(`/proc/${gateway.pid}/fd`).length;
const memoryMiB = ({ gateway }: Site): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;

test.skipIf(!linux)('ROB-08 dependency outage: a server that says nothing', async () => {
  // Names of tools are asked for first, with a time-out of their own.
  upstream.script = GOOD;
  const limits = { connectionsPerAddress: 1000, callsPerCredential: '100000/min', requestsPerAddress: '100000/min' };
  const own = await siteBefore(upstream.url, { upstream: { url: upstream.url, timeout: '2s' }, limits });
  expect(await fetchCall(own)).toBe(200);
  const before = { files: openFiles(own), memory: memoryMiB(own) };
  upstream.script = '';
  for (let round = 0; round < 3; round += 1) {
    const statuses = await Promise.all(Array.from({ length: 150 }, () => fetchCall(own)));
    expect(new Set(statuses)).toEqual(new Set([504]));
    expect(await healthOf(own)).toBeLessThan(AT_ONCE_MS);
  }
  // Nothing is kept of those who waited.
  upstream.script = GOOD;
  expect(await fetchCall(own)).toBe(200);
  // 150 connections of callers may be kept for their next request.
  await expect.poll(() => openFiles(own), { timeout: 20_000 }).toBeLessThan(before.files + 160);
  expect(memoryMiB(own) - before.memory).toBeLessThan(100);
  await own.gateway.close();
});
