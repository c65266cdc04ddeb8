import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countConnections, hold, type Held } from '../fixtures/connections.ts';
import { startLimitedSite } from './dos-site.ts';
import { requestBytes, type Site } from './harness.ts';

const linux = process.platform === 'linux';
const EACH = 200;
const ALL = 450;
let site: Site;
let port: number;
beforeAll(async () => {
  // Long enough that nothing is closed for its age while a test runs.
  site = await startLimitedSite({ connections: ALL, headersTimeout: '50s', idleTimeout: '50s' });
  port = Number(new URL(site.gateway.url).port);
});
afterAll(() => site.close());

async function holdMany(count: number, from: string): Promise<readonly Held[]> {
  const held = Array.from({ length: count }, () => hold(site.gateway.url, { from }));
  await Promise.all(
    held.map(({ socket, closed }) => Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed])),
  );
  return held;
}

function release(...held: readonly (readonly Held[])[]): Promise<unknown> {
  for (const { socket } of held.flat()) socket.destroy();
  return expect.poll(() => countConnections(port), { timeout: 10_000 }).toBe(0);
}

const countOpen = (held: readonly Held[]): number => held.filter(({ open }) => open).length;

/** Calls once from an address; true when it was served. */
async function isServed(from: string): Promise<boolean> {
  const held = hold(site.gateway.url, { from });
  held.socket.write(requestBytes(site, { headers: { Connection: 'close' } }));
  const waited = await Promise.race([held.closed, sleep(10_000, null, { ref: false })]);
  expect(waited).not.toBe(null);
  return held.text().includes('"result"');
}

test.skipIf(!linux)('DOS-06 connection caps: 600 idle connections from one address', async () => {
  const before = hold(site.gateway.url, { from: '127.0.0.2' });
  before.socket.write(requestBytes(site, {}));
  await before.heard('"result"');
  const idle = await holdMany(600, '127.0.0.2');
  await expect.poll(() => countOpen(idle), { timeout: 10_000 }).toBe(EACH - 1);
  await expect.poll(() => countConnections(port), { timeout: 10_000 }).toBe(EACH);
  for (let round = 0; round < 20; round += 1) expect(await isServed('127.0.0.3')).toBe(true);
  // From the same address: what is open is served on, and new ones again as soon as others close.
  const seen = before.text().length;
  before.socket.write(requestBytes(site, { id: 'again' }));
  await before.heard('"again"');
  expect(before.text().length).toBeGreaterThan(seen);
  expect(await isServed('127.0.0.2')).toBe(false);
  for (const { socket } of idle.filter(({ open }) => open).slice(0, 5)) socket.destroy();
  await expect.poll(() => isServed('127.0.0.2'), { timeout: 10_000 }).toBe(true);
  await release(idle, [before]);
});

test.skipIf(!linux)('DOS-06 connection caps: many addresses together', async () => {
  const held: (readonly Held[])[] = [];
  const good = hold(site.gateway.url, { from: '127.0.0.99' });
  good.socket.write(requestBytes(site, {}));
  await good.heard('"result"');
  for (let host = 10; host < 20; host += 1) held.push(await holdMany(60, `127.0.0.${host}`));
  await expect.poll(() => countOpen(held.flat()), { timeout: 10_000 }).toBe(ALL - 1);
  await expect.poll(() => countConnections(port), { timeout: 10_000 }).toBe(ALL);
  for (let round = 0; round < 20; round += 1) {
    good.socket.write(requestBytes(site, { id: `round-${round}` }));
    await good.heard(`"round-${round}"`);
  }
  expect(await isServed('127.0.0.98')).toBe(false);
  for (const { socket } of held.shift() ?? []) socket.destroy();
  await expect.poll(() => isServed('127.0.0.98'), { timeout: 10_000 }).toBe(true);
  await release(...held, [good]);
});

test.skipIf(!linux)('DOS-06 connection caps: a thousand that come and go leave room for the next', async () => {
  for (let round = 0; round < 5; round += 1) await release(await holdMany(EACH, '127.0.0.2'));
  expect(await isServed('127.0.0.2')).toBe(true);
  const idle = await holdMany(EACH, '127.0.0.2');
  expect(countOpen(idle)).toBe(EACH);
  await release(idle);
});

test.skipIf(!linux)('DOS-06 connection caps: behind a trusted proxy all clients have places', async () => {
  const behind = await startLimitedSite({ connections: ALL }, { behindProxy: { trusted: ['127.0.0.2'] } });
  const { url, talk } = behind.gateway;
  const told = (limit: string): number => talk().split(`"limit":"${limit}"`).length - 1;
  const callers = Array.from({ length: EACH + 30 }, (_, at) => {
    const caller = hold(url, { from: '127.0.0.2' });
    const headers = { 'X-Forwarded-For': `10.0.${at >> 8}.${at & 255}` };
    caller.socket.write(requestBytes(behind, { headers }));
    return caller;
  });
  await Promise.all(callers.map((caller) => caller.heard('"result"')));
  expect([told('connections'), told('connectionsPerAddress')]).toEqual([0, 0]);
  // Who is no proxy is held as before, and told of once; all together hold the proxy too.
  const others = Array.from({ length: EACH + 20 }, () => hold(url, { from: '127.0.0.3' }));
  await expect.poll(() => told('connectionsPerAddress'), { timeout: 10_000 }).toBe(1);
  await expect.poll(() => countOpen(others), { timeout: 10_000 }).toBe(EACH);
  const more = Array.from({ length: 60 }, () => hold(url, { from: '127.0.0.2' }));
  await expect.poll(() => told('connections'), { timeout: 10_000 }).toBe(1);
  await expect.poll(() => countOpen([...callers, ...others, ...more]), { timeout: 10_000 }).toBe(ALL);
  for (const { socket } of [...callers, ...others, ...more]) socket.destroy();
  await behind.close();
});
