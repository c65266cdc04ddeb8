import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hold } from '../fixtures/connections.ts';
import { startFloodingUpstream, type FloodingUpstream } from '../fixtures/flooding-upstream.ts';
import { descendantsOf, isRunning, residentBytes } from '../fixtures/processes.ts';
import { headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { RAW } from '../fixtures/stdio-servers.ts';
import { responseOf } from './answers.ts';
import { startLimitedSite } from './dos-site.ts';
import {
  callsSeen,
  initializeCall,
  legacyCall,
  META,
  modernCall,
  openSession,
  requestBytes,
  send,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const linux = process.platform === 'linux';
const MIB = 1024 * 1024;
const CALL_MS = 1000;
const MAX_MS = 2500;
// For a machine that has much else to do.
const SLACK_MS = 8000;
const EVERYTHING = { tools: { '*': {} }, resources: { '*': {} }, prompts: { '*': {} } };
const LIMITS = {
  callTimeout: '1s',
  callMax: '2500ms',
  responseBytes: '8MiB',
  listBytes: '4MiB',
  streamIdle: '30s',
  callsPerCredential: '100000/s',
};

let flooding: FloodingUpstream;
let site: Site;
let stdio: Site<Spy>;
beforeAll(async () => {
  flooding = await startFloodingUpstream();
  site = await startLimitedSite(LIMITS, { ...EVERYTHING, upstream: { url: flooding.url } });
  stdio = await startLimitedSite(LIMITS, { ...EVERYTHING, upstream: { command: RAW } });
});
afterAll(async () => {
  await Promise.all([site.close(), stdio.close()]);
  await flooding.close();
});

/** Calls and reads until the answer or the connection ends; gives what came and how long it took. */
async function callToEnd(of: Site<Spy>, call: Call): Promise<{ text: string; tookMs: number }> {
  const held = hold(of.gateway.url);
  const begun = performance.now();
  const { Connection = 'close', ...headers } = (call.headers ?? {}) as Record<string, string>;
  held.socket.write(requestBytes(of, { ...call, headers: { ...headers, Connection } }));
  await held.closed;
  return { text: held.text(), tookMs: performance.now() - begun };
}

const withProgress = { meta: { ...META, progressToken: 1 } };

test('DOS-19 upstream timeout: a tool that never answers', async () => {
  for (const [of, call] of [
    [site, { tool: 'hang' }],
    [stdio, { tool: 'hang' }],
    [stdio, legacyCall('tools/call', { name: 'hang' }, await openSession(stdio))],
  ] as const) {
    const begun = performance.now();
    const answer = await send(of, call);
    expect(answer.status).toBe(504);
    expect(json(answer)).toMatchObject({ id: 1, error: { code: 504 } });
    expect(performance.now() - begun).toBeGreaterThan(CALL_MS * 0.9);
    expect(performance.now() - begun).toBeLessThan(CALL_MS + SLACK_MS);
  }
});

test('DOS-19 upstream timeout: a JSON answer that drips', async () => {
  const { text, tookMs } = await callToEnd(site, { tool: 'drip' });
  expect(tookMs).toBeLessThan(CALL_MS + SLACK_MS);
  // What is cut does not look whole.
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
});

test('DOS-19 upstream timeout: progress does not extend a call of an HTTP server', async () => {
  const { text, tookMs } = await callToEnd(site, { tool: 'progress', id: 'exact', ...withProgress });
  expect(text.match(/notifications\/progress/g)?.length).toBeGreaterThan(5);
  expect(text).toMatch(
    /data: \{"jsonrpc":"2\.0","id":"exact","error":\{"code":-32603,"message":"[^"]+"\}\}\n\n\r\n0\r\n\r\n$/,
  );
  expect(tookMs).toBeGreaterThan(MAX_MS * 0.9);
  expect(tookMs).toBeLessThan(MAX_MS + SLACK_MS);
  await expect.poll(flooding.open).toBe(0);
  // In the middle of an event there is no place for an error: then the stream is cut.
  const cut = await callToEnd(site, { tool: 'progress-in-halves', ...withProgress });
  expect(cut.text).not.toContain('"error"');
  expect(cut.text).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(cut.tookMs).toBeLessThan(MAX_MS + SLACK_MS);
  await expect.poll(flooding.open).toBe(0);
});

test('DOS-19 upstream timeout: progress does not extend a call of a stdio server', async () => {
  const session = await openSession(stdio);
  const params = { name: 'progress-for-ever', _meta: { progressToken: 1 } };
  for (const call of [{ tool: 'progress-for-ever', ...withProgress }, legacyCall('tools/call', params, session)]) {
    const { text, tookMs } = await callToEnd(stdio, call);
    expect(text.match(/notifications\/progress/g)?.length).toBeGreaterThan(5);
    expect(text).toMatch(/data: \{"jsonrpc":"2\.0","id":1,"error":\{"code":-32603,"message":"[^"]+"\}\}\n\n/);
    expect(tookMs).toBeLessThan(CALL_MS + SLACK_MS);
  }
});

test('DOS-19 upstream timeout: a subscription lasts', async () => {
  const held = hold(site.gateway.url);
  held.socket.write(requestBytes(site, modernCall('subscriptions/listen', { notifications: {} })));
  await held.heard('notifications/progress');
  const early = await Promise.race([
    held.closed,
    new Promise((resolve) => setTimeout(resolve, MAX_MS + CALL_MS, 'open')),
  ]);
  expect(early).toBe('open');
  held.socket.destroy();
  await expect.poll(flooding.open).toBe(0);
});

// A legacy server in a shell that starts in a millisecond, notes its start, and dies where it is told to.
const CRASHING = `
echo "$$" >> "$1"
if [ -e "$2" ]; then exit 1; fi
while IFS= read -r line; do
  case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}'
      echo '{"jsonrpc":"2.0","id":"latchkey-initialize","result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}' ;;
    *'"server/discover"'*) echo '{"jsonrpc":"2.0","id":"latchkey-probe","error":{"code":-32601,"message":"Method not found"}}' ;;
    *'"tools/call"'*) exit 1 ;;
  esac
done`;
const CHILDREN = 8;

test.skipIf(!linux)('DOS-20 child storms', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-storm-'));
  const [starts, broken] = [join(folder, 'starts'), join(folder, 'broken')];
  const command = ['/bin/sh', '-c', CRASHING, 'server', starts, broken];
  const own = await startLimitedSite(
    { ...LIMITS, children: CHILDREN, sessions: 1000 },
    { ...EVERYTHING, upstream: { command } },
  );
  const startsSoFar = async (): Promise<number> => (await readFile(starts, 'utf8')).trim().split('\n').length;
  const children = (): number => descendantsOf(own.gateway.pid).filter(({ pid }) => isRunning(pid)).length;
  // Sessions past the number of processes are told to wait.
  const opened = await Promise.all(Array.from({ length: 100 }, () => send(own, initializeCall())));
  expect(opened.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(CHILDREN);
  for (const answer of opened) expect([200, 429]).toContain(answer.status);
  // With them are the shared one, one that waits for its first caller, and the watchdog.
  expect(children()).toBeLessThanOrEqual(CHILDREN + 3);
  for (const answer of opened.filter(({ status }) => status === 200))
    await send(own, { ...legacyCall('', {}, headerValue(answer, 'mcp-session-id')), method: 'DELETE', body: null });
  // From now on each dies at once.
  await writeFile(broken, '');
  const before = await startsSoFar();
  let most = 0;
  const until = performance.now() + 5000;
  const storm = async (): Promise<void> => {
    while (performance.now() < until) {
      const [session, call] = await Promise.all([send(own, initializeCall()), send(own, {})]);
      expect([429, 502, 503]).toContain(session.status);
      expect([502, 503]).toContain(call.status);
      expect(headerValue(call, 'retry-after')).toMatch(/^[1-9]\d*$/);
      most = Math.max(most, children());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await Promise.all(Array.from({ length: 10 }, storm));
  // Waits of 200 ms, doubled each time, between which as many start as may run: not one for each request.
  expect((await startsSoFar()) - before).toBeLessThan(CHILDREN * 10);
  expect(most).toBeLessThanOrEqual(CHILDREN + 3);
  await rm(broken);
  await expect
    .poll(async () => (await send(own, initializeCall())).status, { timeout: 30_000, interval: 500 })
    .toBe(200);
  await own.close();
  await rm(folder, { recursive: true });
});

/** The most memory the gateway had while this ran, over what it had before. */
async function measureGrowth(of: Site<Spy>, act: () => Promise<void>): Promise<number> {
  const before = residentBytes(of.gateway.pid);
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, residentBytes(of.gateway.pid))), 20);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

// So that it is the size that ends an answer, however slow the machine.
const PATIENT = { ...LIMITS, callTimeout: '30s', callMax: '60s' };

test.skipIf(!linux)('DOS-21 huge upstream output: a line without end on stdio', async () => {
  const own = await startLimitedSite(PATIENT, { ...EVERYTHING, upstream: { command: RAW } });
  const growth = await measureGrowth(own, async () => {
    for (const call of [{ tool: 'flood' }, legacyCall('tools/call', { name: 'flood' }, await openSession(own))]) {
      const answer = await send(own, call);
      expect(answer.status).toBe(502);
      expect(json(answer)).toMatchObject({ id: 1, error: { code: 502 } });
    }
  });
  // The bound is 8 MiB; the line has 100.
  expect(growth).toBeLessThan(64 * MIB);
  await expect.poll(async () => (await send(own, { tool: 'pid' })).status, { timeout: 10_000 }).toBe(200);
  await own.close();
});

const GIB = { bytes: 1024 * MIB };

test.skipIf(!linux)('DOS-21 huge upstream output: a gigabyte over HTTP', async () => {
  const answers: string[] = [];
  const own = await startLimitedSite(PATIENT, { ...EVERYTHING, upstream: { url: flooding.url } });
  const growth = await measureGrowth(own, async () => {
    for (const tool of ['huge', 'huge-and-says-so', 'huge-event', 'many-events', 'huge-error']) {
      const before = flooding.written();
      const { text } = await callToEnd(own, { tool, id: 'exact', args: GIB });
      answers.push(`${tool} ${/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]}`);
      expect({ tool, length: text.length <= 9 * MIB, whole: text.endsWith('\r\n0\r\n\r\n') }).toEqual({
        tool,
        length: true,
        whole: tool === 'many-events',
      });
      await expect.poll(flooding.open).toBe(0);
      // The rest was not even fetched.
      expect(flooding.written() - before).toBeLessThan(64 * MIB);
    }
  });
  expect(answers).toEqual(['huge 200', 'huge-and-says-so 200', 'huge-event 200', 'many-events 200', 'huge-error 502']);
  expect(growth).toBeLessThan(100 * MIB);
  await own.close();
});

test.skipIf(!linux)('DOS-21 huge upstream output: a list or an event that is held to be filtered', async () => {
  const rules = {
    tools: { echo: { scopes: ['a'] } },
    resources: { 'a:*': { scopes: ['a'] } },
    prompts: { '*': { scopes: ['a'] } },
  };
  const own = await startLimitedSite(PATIENT, { ...rules, upstream: { url: flooding.url } });
  const token = (await own.gateway.createToken('reader', '--scope', 'other')).token;
  const growth = await measureGrowth(own, async () => {
    const list = await send(own, { ...modernCall('resources/list'), token });
    expect(list.status).toBe(502);
    expect(json(list)).toMatchObject({ id: 1, error: { code: 502 } });
    const events = await callToEnd(own, { ...modernCall('prompts/list'), token });
    expect(events.text).not.toContain('xxxx');
    await expect.poll(flooding.open).toBe(0);
  });
  expect(growth).toBeLessThan(100 * MIB);
  await own.close();
});

test('DOS-25 outbound stampede: 500 first calls ask for the tools once', async () => {
  const own = await startLimitedSite({ connectionsPerAddress: 1000, callsPerCredential: '100000/s' });
  const answers = await Promise.all(Array.from({ length: 500 }, (_, id) => send(own, { id })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(callsSeen(own)).toHaveLength(500);
  expect(own.spy.requests.filter(({ body }) => body.includes('"tools/list"'))).toHaveLength(1);
  await own.close();
});

test.skipIf(!linux)('DOS-25 outbound stampede: 500 first calls start a stdio server once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-stampede-'));
  const log = join(folder, 'log');
  const own = await startLimitedSite(
    { connectionsPerAddress: 1000, callsPerCredential: '100000/s' },
    { ...EVERYTHING, upstream: { command: RAW, env: { RAW_LOG: log } } },
  );
  const starts = async (): Promise<number> => [...(await readFile(log, 'utf8')).matchAll(/^pid /gm)].length;
  expect(await starts()).toBe(1);
  const ask = (id: number): Promise<RawAnswer> => send(own, { id, args: { text: 'hi' } });
  expect(responseOf(await ask(0)).result).toBeDefined();
  // It dies, and all come at once when it may be started again.
  await send(own, { tool: 'exit' });
  const begun = await starts();
  const answers = await Promise.all(Array.from({ length: 500 }, (_, id) => ask(id)));
  for (const { status } of answers) expect([200, 502]).toContain(status);
  await expect.poll(async () => (await ask(1)).status, { timeout: 10_000 }).toBe(200);
  expect((await starts()) - begun).toBe(1);
  await own.close();
  await rm(folder, { recursive: true });
});
