import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue } from '../fixtures/raw-http.ts';
import type { StdioSpy } from '../fixtures/stdio-spy.ts';
import { expectEachRefused, expectEachServed } from './answers.ts';
import {
  expectRefused,
  initializeCall,
  legacyCall,
  openSession,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const CAP = 3;
const IDLE_MS = 4000;
// The sweep, and a child that is asked to leave before it is made to.
const LATE_MS = 10_000;

let http: Site;
let stdio: Site<StdioSpy>;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http, stdio] = await startEverySite({ limits: { sessions: CAP, sessionIdle: `${IDLE_MS / 1000}s` } });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const ping = (session: string): Call => legacyCall('tools/list', {}, session);
const bare = (method: 'GET' | 'DELETE', session: string): Call => ({
  method,
  headers: { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session },
});

function expectGone(site: Site<Spy>, session: string): Promise<void> {
  const uses = { call: ping(session), stream: bare('GET', session), end: bare('DELETE', session) };
  return expectEachRefused(site, uses, 404);
}

test('LEG-03 unknown or ended session', async () => {
  const uuid = crypto.randomUUID();
  for (const site of sites) {
    for (const id of ['x', 'deadbeef', uuid, `${uuid}.${'0'.repeat(32)}`, 'x'.repeat(2000), '.'])
      await expectGone(site, id);
    const session = await openSession(site);
    await expectEachServed(site, { 'while it is open': ping(session) });
    expect((await send(site, bare('DELETE', session))).status).toBe(200);
    await expectGone(site, session);
  }
  const abandoned = await Promise.all(sites.map((site) => openSession(site)));
  await sleep(IDLE_MS + 1000);
  for (const [index, site] of sites.entries()) await expectGone(site, abandoned[index] as string);
});

/** A session's stream, which says nothing. */
async function openStream(site: Site<Spy>, session: string): Promise<Socket> {
  const { hostname, port } = new URL(site.gateway.url);
  const socket = connect(Number(port), hostname);
  socket.write(requestBytes(site, bare('GET', session)));
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 200/);
  return socket;
}

test('LEG-21 session cap and reaping', async () => {
  const before = new Set(stdio.spy.running());
  const children = new Set<number>();
  for (const site of sites) {
    http.spy.reset();
    await Promise.all(Array.from({ length: CAP }, () => openSession(site)));
    for (const pid of stdio.spy.running()) if (!before.has(pid)) children.add(pid);
    const refused = await expectRefused(site, initializeCall(), [429, 503]);
    expect(headerValue(refused, 'retry-after')).toMatch(/^[1-9]\d*$/);
    // One caller's cap is not another's.
    await openSession(site, site.tokens.bob);
  }
  // The first session may have taken over the process that told the server's era.
  expect(children.size).toBeGreaterThanOrEqual(CAP - 1);
  await sleep(IDLE_MS);
  await expect.poll(() => stdio.spy.running().filter((pid) => children.has(pid)), { timeout: LATE_MS }).toEqual([]);
  for (const site of sites) await expect.poll(async () => (await send(site, initializeCall())).status).toBe(200);
  // The HTTP server is told, too.
  expect(http.spy.requests.filter(({ method }) => method === 'DELETE').length).toBeGreaterThanOrEqual(CAP + 1);
  // Who listens has not left, however long there is nothing to hear.
  const sessions = await Promise.all(sites.map((site) => openSession(site)));
  const streams = await Promise.all(sites.map((site, index) => openStream(site, sessions[index] as string)));
  await sleep(IDLE_MS + 1000);
  for (const [index, site] of sites.entries())
    await expectEachServed(site, { listener: ping(sessions[index] as string) });
  for (const stream of streams) stream.destroy();
});

const YIELD_MS = 3000;

test('LEG-21 session cap: one that was left alone makes room for another', async () => {
  const limits = { sessions: CAP, sessionYield: `${YIELD_MS / 1000}s` };
  const yielding = await startEverySite({ limits });
  const opened = await Promise.all(
    yielding.map((site) => Promise.all(Array.from({ length: CAP }, () => openSession(site)))),
  );
  const cases = yielding.map((site, index) => ({ site, sessions: opened[index] as [string, string, string] }));
  const streams = await Promise.all(cases.map(({ site, sessions }) => openStream(site, sessions[0])));
  for (const { site } of cases) await expectRefused(site, initializeCall(), [429, 503]);
  await sleep(YIELD_MS + 100);
  for (const { site, sessions } of cases) {
    const [listening, left, used] = sessions;
    await expectEachServed(site, { used: ping(used) });
    const more = await openSession(site);
    await expectGone(site, left);
    await expectEachServed(site, { listening: ping(listening), used: ping(used), more: ping(more) });
    await expectRefused(site, initializeCall(), [429, 503]);
  }
  for (const stream of streams) stream.destroy();
  await Promise.all(yielding.map((site) => site.close()));
}, 60_000);

test('LEG-21 session cap: of those asked for at once no more are opened', async () => {
  const crowded = await startEverySite({ limits: { sessions: CAP } });
  for (const site of crowded) {
    const answers = await Promise.all(Array.from({ length: 5 * CAP }, () => send(site, initializeCall())));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBe(CAP);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    // One of another caller is not in the way.
    await openSession(site, site.tokens.bob);
  }
  await Promise.all(crowded.map((site) => site.close()));
}, 60_000);

test('LEG-21 processes: a session that was left alone makes room, of whoever has most', async () => {
  const [web, site, modern] = await startEverySite({ limits: { children: 2, sessionYield: `${YIELD_MS / 1000}s` } });
  await Promise.all([web.close(), modern.close()]);
  const [first, second] = [await openSession(site), await openSession(site)];
  await expectRefused(site, initializeCall(), [429, 503]);
  const bobs = await openSession(site, site.tokens.bob);
  await expectGone(site, first);
  await expectEachServed(site, { used: ping(second) });
  await expectRefused(site, initializeCall(), [429, 503]);
  await sleep(YIELD_MS + 100);
  await openSession(site);
  await expectGone(site, second);
  await expectEachServed(site, { bob: { ...ping(bobs), token: site.tokens.bob } });
  await site.close();
}, 60_000);
