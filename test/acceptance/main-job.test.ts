// The main job beyond the catalogue: what a person is promised, seen from outside.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw, headerValue, json } from '../fixtures/raw-http.ts';
import { modernCall, requestBytes, send, startSite, type Site } from './harness.ts';
import { makeCertificates, OPENSSL_MISSING, type Certificates } from '../fixtures/certificates.ts';

let site: Site;
let folder: string;
let certificates: Certificates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-main-job-'));
  [site, certificates] = await Promise.all([startSite(), OPENSSL_MISSING ? (null as never) : makeCertificates()]);
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

/** A subscriptions/listen stream, open. */
async function openStream(token: string): Promise<Socket> {
  const { hostname, port } = new URL(site.gateway.url);
  const socket = connect(Number(port), hostname);
  socket.write(requestBytes(site, { ...modernCall('subscriptions/listen', { notifications: {} }), token }));
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 200/);
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

test('a revoked token is refused at once, and its open stream is closed within a second', async () => {
  const { token } = await site.gateway.createToken('leaver', '--scope', 'file:read');
  const stream = await openStream(token);
  const closed = once(stream, 'close');
  await site.gateway.command('token', 'revoke', 'leaver');
  const revokedAt = performance.now();
  expect((await send(site, { token })).status).toBe(401);
  await closed;
  expect(performance.now() - revokedAt).toBeLessThan(1000);
});

test('a stream ends with its token', async () => {
  const { token } = await site.gateway.createToken('short', '--scope', 'file:read', '--ttl', '2s');
  const stream = await openStream(token);
  await once(stream, 'close');
  expect((await send(site, { token })).status).toBe(401);
});

test('rotation gives a successor, and the old token lives on for the grace only', async () => {
  const { token } = await site.gateway.createToken('turned', '--scope', 'file:read');
  const rotated = JSON.parse(await site.gateway.command('token', 'rotate', 'turned', '--grace', '2s', '--json')) as {
    token: string;
  };
  const statuses = async (): Promise<number[]> => [
    (await send(site, { token })).status,
    (await send(site, { token: rotated.token })).status,
  ];
  expect(await statuses()).toEqual([200, 200]);
  await sleep(2100);
  expect(await statuses()).toEqual([401, 200]);
});

test('the holder of a token exchanges it once for its successor', async () => {
  const { token } = await site.gateway.createToken('exchanged', '--scope', 'file:read');
  const exchange = { target: '/.latchkey/rotate', body: '', token } as const;
  const answers = await Promise.all([send(site, exchange), send(site, exchange), send(site, exchange)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
  const given = JSON.parse(answers.find(({ status }) => status === 200)?.body ?? '') as {
    token: string;
    scopes: string[];
  };
  expect(given.scopes).toEqual(['file:read']);
  expect((await send(site, { token: given.token })).status).toBe(200);
  for (const other of [site.apiKey, 'lk_wrong', null]) {
    expect((await send(site, { ...exchange, token: other })).status).toBeGreaterThan(400);
  }
});

test('automatic rotation replaces the first token before it ends, and hands the new one over', async () => {
  const file = join(folder, 'handed-over.json');
  const gateway = await startLatchkey({
    config: {
      upstream: { url: site.spy.url },
      auth: { tokens: { ttl: '20s', rotate: { every: '3s', grace: '2s', deliver: { file } } } },
    },
  });
  const own = { ...site, gateway };
  const call = { tool: 'echo' } as const;
  expect((await send(own, { ...call, token: gateway.token })).status).toBe(200);
  const read = async (): Promise<string | null> => {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { default?: { token: string } }).default?.token ?? null;
  };
  // The first one is handed over as it is, since nobody else may be told of it.
  await expect.poll(read).toBe(gateway.token);
  await expect.poll(read, { timeout: 10_000 }).not.toBe(gateway.token);
  const delivered = await read();
  expect((await send(own, { ...call, token: delivered })).status).toBe(200);
  await expect
    .poll(async () => (await send(own, { ...call, token: gateway.token })).status, { timeout: 10_000 })
    .toBe(401);
  await gateway.close();
});

test('a changed file changes the rules; a bad one changes nothing and is told of', async () => {
  const own = await startSite();
  const config = JSON.parse(await readFile(own.gateway.configFile, 'utf8')) as { tools: Record<string, unknown> };
  const write = (text: string): Promise<void> => writeFile(own.gateway.configFile, text);
  const callDelete = async (): Promise<number> => (await send(own, { tool: 'delete_all' })).status;
  expect(await callDelete()).toBe(403);
  for (const bad of [
    'tools: {',
    JSON.stringify({ ...config, tools: { 'delete_*': {}, delete_all: { scope: [] } } }),
    '',
  ]) {
    await write(bad);
    await sleep(700);
    expect(await callDelete()).toBe(403);
    expect((await send(own)).status).toBe(200);
  }
  expect(own.gateway.talk()).toMatch(/latchkey\.yaml:\d+:\d+/);
  await write(JSON.stringify({ ...config, tools: { ...config.tools, delete_all: { scopes: ['file:read'] } } }));
  await expect.poll(callDelete, { timeout: 5000 }).toBe(200);
  await own.close();
});

test('several servers stand behind one gateway, each with its own rules, and tokens stay within theirs', async () => {
  const upstream = { url: site.spy.url };
  const gateway = await startLatchkey({
    config: {
      servers: {
        files: { upstream, tools: { echo: { scopes: ['a'] } } },
        db: { upstream, tools: { query: { scopes: ['a'] } } },
      },
    },
  });
  const own = { ...site, gateway };
  const { token } = await gateway.createToken('bound', '--scope', 'a', '--server', 'files');
  const statusOf = async (target: string, tool: string, by: string): Promise<number> =>
    (await send(own, { target, tool, token: by })).status;
  expect(await statusOf('/files/mcp', 'echo', token)).toBe(200);
  expect(await statusOf('/files/mcp', 'query', token)).toBe(403);
  expect(await statusOf('/db/mcp', 'query', token)).toBe(401);
  expect(await statusOf('/db/mcp', 'query', gateway.token)).toBe(200);
  expect(await statusOf('/mcp', 'echo', gateway.token)).toBe(404);
  const exchanged = await send(own, { target: '/.latchkey/rotate', body: '', token });
  expect(exchanged.status).toBe(200);
  const { token: successor } = JSON.parse(exchanged.body) as { token: string };
  expect(await statusOf('/files/mcp', 'echo', successor)).toBe(200);
  expect(await statusOf('/db/mcp', 'query', successor)).toBe(401);
  const metadata = await send(own, {
    method: 'GET',
    target: '/.well-known/oauth-protected-resource/db/mcp',
    token: null,
  });
  expect(JSON.parse(metadata.body)).toMatchObject({ resource: gateway.url.replace('/files/', '/db/') });
  await gateway.close();
});

test('strangers get what is theirs, and are asked who they are only for the rest', async () => {
  const own = await startSite({ auth: { anonymous: { scopes: ['file:read'] } } });
  expect((await send(own, { token: null })).status).toBe(200);
  const refused = await send(own, { tool: 'write_file', token: null });
  expect([refused.status, headerValue(refused, 'www-authenticate')]).toEqual([
    401,
    expect.stringContaining('scope="file:write"'),
  ]);
  expect((await send(own, { token: 'lk_wrong' })).status).toBe(401);
  const list = json(await send(own, { ...modernCall('tools/list'), token: null })).result as {
    tools: { name: string }[];
  };
  expect(list.tools.map(({ name }) => name)).toEqual(['echo', 'query', 'ask', 'slow']);
  await own.close();
});

test('limits answer 429 with Retry-After, each for its own', async () => {
  const tools = { echo: { scopes: ['file:read'], limit: '2/min' }, query: { scopes: ['file:read'] } };
  const own = await startSite({ tools, limits: { callsPerCredential: '5/min', failedPerAddress: '3/min' } });
  const statuses = async (count: number, call: Parameters<typeof send>[1]): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < count; i += 1) found.push((await send(own, call)).status);
    return found;
  };
  expect(await statuses(3, { tool: 'echo' })).toEqual([200, 200, 429]);
  expect(await statuses(3, { tool: 'query' })).toEqual([200, 200, 429]);
  expect(await statuses(1, { token: own.tokens.bob })).toEqual([200]);
  expect(await statuses(4, { token: 'lk_wrong' })).toEqual([401, 401, 401, 429]);
  // Who came in from here before still does; a token never seen from here does not, right or wrong.
  expect(await statuses(1, { token: own.tokens.bob, tool: 'query' })).toEqual([200]);
  const refused = await send(own, { token: own.tokens.aliceWrite });
  expect(refused.status).toBe(429);
  expect(headerValue(refused, 'retry-after')).toMatch(/^[1-9]\d*$/);
  await own.close();
});

test.skipIf(OPENSSL_MISSING)(
  'TLS: a token sent in clear is refused and told of; certificates are replaced while it runs',
  async () => {
    const { right, authority, wrongName } = certificates;
    const pair = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
    const install = async ({ cert, key }: { cert: string; key: string }): Promise<void> => {
      await writeFile(pair.cert, cert);
      await writeFile(pair.key, key, { mode: 0o600 });
    };
    await install(right);
    const own = { ...site, gateway: await startLatchkey({ config: { upstream: { url: site.spy.url }, tls: pair } }) };
    const { gateway } = own;
    const subject = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const asked = request(
          gateway.url.replace('/mcp', '/healthz'),
          { ca: authority.cert, agent: false, checkServerIdentity: () => undefined },
          (response) => {
            resolve((response.socket as import('node:tls').TLSSocket).getPeerCertificate().fingerprint256);
            response.resume();
          },
        );
        asked.on('error', reject);
        asked.end();
      });
    const first = await subject();
    site.spy.reset();
    const [clear] = await exchangeRaw(
      gateway.url.replace('https:', 'http:'),
      requestBytes(own, { token: gateway.token }),
    );
    expect(clear?.status).toBe(400);
    expect(site.spy.bytes()).toBe('');
    await expect
      .poll(() => gateway.command('trail', '--json'))
      .toMatch(/"credential":"default".*"reason":"clear-text".*"exposed":true/);
    await writeFile(pair.key, 'no key');
    await sleep(2500);
    expect(await subject()).toBe(first);
    await install(wrongName);
    await expect.poll(subject, { timeout: 8000 }).not.toBe(first);
    await gateway.close();
  },
);
