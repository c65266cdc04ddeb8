import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { argumentsOf, descendantsOf, environmentOf, isRunning } from '../fixtures/processes.ts';
import { json } from '../fixtures/raw-http.ts';
import { RAW } from '../fixtures/stdio-servers.ts';
import {
  callBody,
  legacyCall,
  META,
  modernCall,
  openSession,
  send,
  startSite,
  startStdioSite,
  type Site,
} from './harness.ts';

const linux = process.platform === 'linux';
const GATEWAY_SECRET = 'S3cretOfTheGateway';
// What a program needs to start and to reach the network, and nothing that could be a credential.
const INHERITED =
  /^(?:PATH|HOME|LANG|TZ|USER|LOGNAME|SHELL|TERM|TMPDIR|LC_\w+|XDG_\w+|npm_config_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|\w+_proxy)$/i;
const WEIRD = [
  'a b',
  '; touch /tmp/latchkey-up-05',
  '$(touch /tmp/latchkey-up-05)',
  '`id`',
  '"; id "',
  "'",
  '*',
  '',
  '--',
  '${HOME}',
  '%PATH%',
  '| id',
  '&& id',
  '> x',
  'é\n',
  '\\',
];

let folder: string;
let log: string;
let site: Site;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-up-'));
  log = join(folder, 'log');
  const env = { RAW_LOG: log, PLAIN: 'as written', KEY: { env: 'SECRET_FOR_THE_CHILD' } };
  site = await startSite(
    { upstream: { command: [...RAW, ...WEIRD], cwd: folder, env }, tools: { '*': { scopes: ['file:read'] } } },
    {
      SECRET_FOR_THE_CHILD: 'S3cretOfTheChild',
      MCP_AUTH_TOKENS: `${GATEWAY_SECRET}-Kq7w2ZtR9vXs4LmB8nYc`,
      LATCHKEY_STORE_PASSWORD: GATEWAY_SECRET,
      AWS_SECRET_ACCESS_KEY: GATEWAY_SECRET,
      DATABASE_URL: `postgres://u:${GATEWAY_SECRET}@db/x`,
      npm_config__authToken: GATEWAY_SECRET,
      npm_config_registry: `https://u:${GATEWAY_SECRET}@registry.example/`,
      NPM_TOKEN: GATEWAY_SECRET,
      HTTPS_PROXY: `http://u:${GATEWAY_SECRET}@proxy:1`,
      SSH_AUTH_SOCK: `/tmp/${GATEWAY_SECRET}`,
      PATHS: GATEWAY_SECRET,
      XDG_SECRET: GATEWAY_SECRET,
      LC_ALL: 'C.UTF-8',
    },
  );
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

/** Processes of the server behind, as they noted themselves when they started. */
async function started(): Promise<readonly { pid: number; args: readonly string[] }[]> {
  const text = await readFile(log, 'utf8');
  return [...text.matchAll(/^pid (\d+) (\[.*\])$/gm)].map(([, pid, args]) => ({
    pid: Number(pid),
    args: JSON.parse(args ?? '') as string[],
  }));
}

const running = async () => (await started()).filter(({ pid }) => isRunning(pid));

test.skipIf(!linux)('UP-01 No token passthrough: stdio', async () => {
  for (const era of ['modern', 'legacy'] as const) {
    const behind = await startStdioSite(era);
    const { aliceRead } = behind.tokens;
    const marked = {
      Cookie: 'CLIENTSECRET',
      DPoP: 'CLIENTSECRET',
      'Proxy-Authorization': 'CLIENTSECRET',
      'X-User': 'CLIENTSECRET',
    };
    expect((await send(behind, { headers: marked })).status).toBe(200);
    const keyed = { ...marked, Authorization: null, 'X-API-Key': behind.apiKey };
    expect((await send(behind, { headers: keyed })).status).toBe(200);
    const session = await openSession(behind);
    const call = legacyCall('tools/call', { name: 'echo', arguments: { text: 'hi' } }, session);
    expect((await send(behind, { ...call, headers: { ...call.headers, ...marked } })).status).toBe(200);
    await behind.spy.settled();
    expect(behind.spy.requests.length).toBeGreaterThan(2);
    const pids = behind.spy.running();
    expect(pids.length).toBeGreaterThan(0);
    const seen = pids.map((pid) => [[...environmentOf(pid).values()], argumentsOf(pid)]);
    for (const secret of ['CLIENTSECRET', aliceRead, behind.apiKey, session])
      expect(JSON.stringify([behind.spy.bytes(), seen])).not.toContain(secret);
    await behind.close();
  }
});

test.skipIf(!linux)('UP-05 No shell', async () => {
  const marker = 'client-chosen';
  const nasty = `${marker};$(touch /tmp/latchkey-up-05)`;
  const headers = {
    'User-Agent': nasty,
    'Accept-Language': marker,
    Traceparent: marker,
    Baggage: `a=${marker}`,
    'Last-Event-ID': marker,
  };
  await send(site, { headers });
  await send(site, { tool: nasty, headers });
  await send(site, { args: { text: nasty, PATH: marker, LD_PRELOAD: marker }, headers });
  await send(site, { headers: { 'Mcp-Param-Path': nasty } });
  await send(site, modernCall('resources/read', { uri: `file:///${nasty}` }));
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: nasty, version: marker } };
  await send(site, legacyCall('initialize', hello, null));
  await send(site, legacyCall('tools/list', {}, marker));
  const children = await running();
  expect(children.length).toBeGreaterThanOrEqual(2);
  for (const { pid, args } of children) {
    expect(args).toEqual(WEIRD);
    expect(argumentsOf(pid)).toEqual([...RAW, ...WEIRD]);
    expect(JSON.stringify([...environmentOf(pid)])).not.toContain(marker);
  }
  for (const { pid } of descendantsOf(site.gateway.pid)) expect(argumentsOf(pid).join(' ')).not.toContain(marker);
  await expect(readFile('/tmp/latchkey-up-05')).rejects.toThrow('ENOENT');
});

test.skipIf(!linux)('UP-06 Child environment', async () => {
  await openSession(site);
  for (const { pid } of await running()) {
    expect(await readlink(`/proc/${pid}/cwd`)).toBe(folder);
    const environment = environmentOf(pid);
    const configured = { RAW_LOG: log, PLAIN: 'as written', KEY: 'S3cretOfTheChild' };
    for (const [name, value] of Object.entries(configured)) expect(environment.get(name)).toBe(value);
    const inherited = [...environment.keys()].filter((name) => !(name in configured));
    expect(inherited.filter((name) => !INHERITED.test(name))).toEqual([]);
    for (const name of ['XDG_SECRET', 'npm_config__authToken', 'npm_config_registry'])
      expect(inherited).not.toContain(name);
    expect(environment.get('LC_ALL')).toBe('C.UTF-8');
  }
  // Not in any process below the gateway, whatever it is for.
  const below = descendantsOf(site.gateway.pid);
  expect(below.length).toBeGreaterThan(2);
  for (const { pid } of below)
    expect(JSON.stringify([[...environmentOf(pid)], argumentsOf(pid)])).not.toContain(GATEWAY_SECRET);
});

test('UP-12 Shared child isolation', async () => {
  const { aliceRead, bob } = site.tokens;
  const meta = { ...META, progressToken: 'same' };
  const ask = async (token: string, text: string, tool: string): Promise<void> => {
    const args = { text, delayMs: 1 + (text.length % 3) * 5 };
    const answer = await send(site, { token, tool, id: 7, args, meta });
    expect(answer.status).toBe(200);
    const messages: readonly Record<string, unknown>[] = tool === 'echo' ? [json(answer)] : eventsOf(answer.body);
    expect(messages.at(-1)).toMatchObject({ id: 7, result: { content: [{ text: tool === 'echo' ? text : 'done' }] } });
    for (const message of messages.slice(0, -1))
      expect(message['params']).toMatchObject({ progressToken: 'same', message: text });
    expect(messages).toHaveLength(tool === 'echo' ? 1 : 4);
  };
  for (let round = 0; round < 25; round += 1) {
    const asked = [aliceRead, bob].flatMap((token, who) =>
      ['echo', 'progress'].map((tool) => ask(token, `${who} in round ${round}`, tool)),
    );
    await Promise.all(asked);
  }
  // One goes away, or says so; the other has the same id and hears nothing of it.
  const pending = send(site, { token: bob, id: 7, args: { text: 'still here', delayMs: 600 }, meta });
  const left = new AbortController();
  const hanging = fetch(site.gateway.url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${aliceRead}`,
      'Content-Type': 'application/json',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'hang',
    },
    body: callBody({ tool: 'hang', id: 7, meta }),
    signal: left.signal,
  });
  await expect.poll(() => readFile(log, 'utf8'), { timeout: 5000 }).toMatch(/^waits$/m);
  left.abort();
  await expect(hanging).rejects.toThrow('aborted');
  const cancel = modernCall('notifications/cancelled', { requestId: 7 });
  const notification = JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: 7, _meta: META },
  });
  await send(site, { ...cancel, token: aliceRead, body: notification });
  expect(json(await pending)).toMatchObject({ id: 7, result: { content: [{ text: 'still here' }] } });
  await expect.poll(async () => (await readFile(log, 'utf8')).match(/^cancelled /gm)).toHaveLength(1);

  // Sessions of legacy clients do not even share a process.
  const pidOf = async (token: string): Promise<unknown> => {
    const session = await openSession(site, token);
    const answer = await send(site, { ...legacyCall('tools/call', { name: 'pid', arguments: {} }, session), token });
    return JSON.stringify(eventsOf(answer.body).at(-1) ?? json(answer));
  };
  expect(await pidOf(aliceRead)).not.toBe(await pidOf(bob));
});

function eventsOf(body: string): readonly Record<string, unknown>[] {
  const lines = body.split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}
