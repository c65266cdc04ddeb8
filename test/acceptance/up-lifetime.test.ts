import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey, type LatchkeyOptions } from '../fixtures/latchkey.ts';
import { descendantsOf, isRunning } from '../fixtures/processes.ts';
import { headerValue, json } from '../fixtures/raw-http.ts';
import { RAW } from '../fixtures/stdio-servers.ts';
import { legacyCall, openSession, send, startSite, type Site } from './harness.ts';

const linux = process.platform === 'linux';
let folder: string;
let site: Site;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-life-'));
  const upstream = { command: RAW, env: { RAW_LOG: join(folder, 'calls') } };
  site = await startSite({ upstream, tools: { '*': { scopes: ['file:read'] } } });
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

/** The process that answers now, in a session or for stateless callers. */
async function pidNow(session: string | null): Promise<number> {
  const call = session === null ? { tool: 'pid' } : legacyCall('tools/call', { name: 'pid', arguments: {} }, session);
  const answer = await send(site, call);
  const text = /"text":"(\d+)"/.exec(answer.body)?.[1];
  return answer.status === 200 ? Number(text) : 0;
}

/** Calls that the processes were given and never answer. */
async function countWaiting(): Promise<number> {
  return [...(await readFile(join(folder, 'calls'), 'utf8')).matchAll(/^waits$/gm)].length;
}

/** Ends that process while a call waits for it; says how long the caller waited for its error. */
async function killMidCall(session: string | null, end: (pid: number) => unknown): Promise<number> {
  const pid = await pidNow(session);
  expect(pid).toBeGreaterThan(0);
  const call = session === null ? { tool: 'hang' } : legacyCall('tools/call', { name: 'hang' }, session, 2);
  const waiting = await countWaiting();
  const hanging = send(site, call);
  const other = send(
    site,
    session === null
      ? { ...call, id: 'other', token: site.tokens.bob }
      : { ...call, ...legacyCall('tools/call', { name: 'hang' }, session, 3) },
  );
  await expect.poll(countWaiting, { timeout: 5000 }).toBe(waiting + 2);
  const begun = performance.now();
  await end(pid);
  for (const answer of await Promise.all([hanging, other])) {
    expect(answer.body).toContain('"error"');
    expect(answer.body).not.toMatch(/SIG|exit|signal/);
  }
  const waited = performance.now() - begun;
  expect(isRunning(pid)).toBe(false);
  return waited;
}

const ENDS = {
  exit: (session: string | null) => () =>
    send(site, session === null ? { tool: 'exit', id: 9 } : legacyCall('tools/call', { name: 'exit' }, session, 9)),
  SIGKILL: () => (pid: number) => process.kill(pid, 'SIGKILL'),
  SIGSEGV: () => (pid: number) => process.kill(pid, 'SIGSEGV'),
};

test.skipIf(!linux)('UP-10 Child dies mid-call: shared', async () => {
  const bystander = await openSession(site);
  const before = await pidNow(bystander);
  const pids = new Set<number>();
  for (const end of Object.values(ENDS)) {
    pids.add(await pidNow(null));
    expect(await killMidCall(null, end(null))).toBeLessThan(1000);
    // In the back-off the answer is at once, and says when to come again.
    const early = await send(site);
    expect(early.status === 200 || Number(headerValue(early, 'retry-after')) > 0).toBe(true);
    await expect.poll(() => pidNow(null), { timeout: 10_000 }).toBeGreaterThan(0);
  }
  pids.add(await pidNow(null));
  expect(pids.size).toBe(4);
  // Whoever had a process of their own noticed nothing.
  expect(await pidNow(bystander)).toBe(before);
});

test.skipIf(!linux)('UP-10 Child dies mid-call: session', async () => {
  const shared = await pidNow(null);
  for (const end of Object.values(ENDS)) {
    const session = await openSession(site);
    expect(await killMidCall(session, end(session))).toBeLessThan(1000);
    expect((await send(site, legacyCall('tools/list', {}, session))).status).toBe(404);
    expect(await pidNow(await openSession(site))).toBeGreaterThan(0);
  }
  expect(await pidNow(null)).toBe(shared);
});

test.skipIf(!linux)('UP-11 Gateway dies: no child is left', async () => {
  for (const [name, stubborn] of [
    ['plain', '0'],
    ['stubborn', '1'],
  ] as const) {
    const log = join(folder, name);
    const env = { RAW_LOG: log, RAW_STUBBORN: stubborn, RAW_GRANDCHILD: stubborn };
    const gateway = await startLatchkey({ config: { upstream: { command: RAW, env } } });
    const held = { ...site, gateway, tokens: { ...site.tokens, aliceRead: gateway.token } };
    await send(held, { tool: 'pid' });
    await openSession(held);
    await openSession(held);
    const noted = [...(await readFile(log, 'utf8')).matchAll(/^(?:pid|grandchild) (\d+)/gm)];
    const pids = new Set([...noted.map(([, pid]) => Number(pid)), ...descendantsOf(gateway.pid).map(({ pid }) => pid)]);
    expect([...pids].filter(isRunning).length).toBeGreaterThanOrEqual(3);
    await gateway.kill('SIGKILL');
    await expect.poll(() => [...pids].filter(isRunning), { timeout: 2000, interval: 50 }).toEqual([]);
    await gateway.close();
  }
});

// A legacy server in a shell: it starts in a millisecond.
const SHELL_SERVER = `
while IFS= read -r line; do
  case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}' ;;
    *'"server/discover"'*) echo '{"jsonrpc":"2.0","id":"latchkey-probe","error":{"code":-32601,"message":"Method not found"}}' ;;
    *'"tools/call"'*) echo '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"'$$'"}]}}' ;;
  esac
done`;

test.skipIf(!linux)('UP-11 Gateway dies: no zombies after 100 restarts', async () => {
  const options: LatchkeyOptions = { config: { upstream: { command: ['/bin/sh', '-c', SHELL_SERVER] } } };
  const gateway = await startLatchkey(options);
  const held: Site = { ...site, gateway, tokens: { ...site.tokens, aliceRead: gateway.token } };
  const pids = new Set<number>();
  for (let start = 0; start < 100; start += 1) {
    const session = await openSession(held);
    const answer = await send(held, legacyCall('tools/call', { name: 'pid', arguments: {} }, session));
    const pid = Number(/"text":"(\d+)"/.exec(answer.body)?.[1]);
    pids.add(pid);
    // Half of them die, the others are told to go.
    if (start % 2 === 0) process.kill(pid, 'SIGKILL');
    else await send(held, { ...legacyCall('tools/list', {}, session), method: 'DELETE', body: null });
    await expect.poll(() => isRunning(pid), { interval: 5, timeout: 5000 }).toBe(false);
  }
  expect(pids.size).toBe(100);
  await expect.poll(() => descendantsOf(gateway.pid).filter(({ state }) => state === 'Z')).toEqual([]);
  expect(
    json(await send(held, legacyCall('initialize', { protocolVersion: '2025-11-25', capabilities: {} }, null))),
  ).toHaveProperty('result');
  await gateway.close();
});
