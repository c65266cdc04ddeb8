// The endpoint itself, asked as each proxy asks, and by others.
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hold, type Held } from '../fixtures/connections.ts';
import { createCredentials, type Credentials } from '../fixtures/credentials.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw, headerValue, headerValues, json, type RawAnswer } from '../fixtures/raw-http.ts';

type Name = 'nginx' | 'caddy' | 'traefik' | 'envoy';
type Headers = Readonly<Record<string, string | readonly string[] | null>>;

const PUBLIC = '127.0.0.1:9443';
const MODERN = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' };
const HOP = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' };
const FORWARDED = {
  'X-Forwarded-Method': 'POST',
  'X-Forwarded-Uri': '/mcp?x=1',
  'X-Forwarded-Host': PUBLIC,
};

/** A question as that proxy asks it. */
const QUESTIONS: Readonly<Record<Name, { method: string; target: string; headers: Headers }>> = {
  nginx: {
    method: 'GET',
    target: '/auth',
    headers: { Host: PUBLIC, 'X-Original-Method': 'POST', 'X-Original-URI': '/mcp?x=1', ...HOP, Connection: 'close' },
  },
  caddy: { method: 'GET', target: '/auth', headers: { Host: PUBLIC, ...FORWARDED, ...HOP } },
  // Asks at the service's own name.
  traefik: { method: 'GET', target: '/auth', headers: { Host: 'latchkey:8787', ...FORWARDED, ...HOP } },
  envoy: { method: 'POST', target: '/auth/mcp?x=1', headers: { Host: PUBLIC, 'Content-Length': '0', ...HOP } },
};

/** What the client is told, whatever the proxy is. */
const told = (answer: RawAnswer): number => Number(headerValue(answer, 'latchkey-status') ?? answer.status);
const from = (address: string): Headers => ({ 'X-Forwarded-For': address, Authorization: 'Bearer wrong' });

describe.each(Object.keys(QUESTIONS) as Name[])('asked by %s', (name) => {
  let lock: Latchkey;
  let tokens: Credentials['tokens'];
  beforeAll(async () => {
    lock = await startLatchkey({
      serve: 'forward-auth',
      config: {
        publicUrl: `https://${PUBLIC}`,
        forwardAuth: { proxy: name, bodyChecked: true },
        tools: { echo: { scopes: ['file:read'] } },
        limits: { failedPerAddress: '3/min' },
      },
    });
    ({ tokens } = await createCredentials(lock.store));
  });
  afterAll(() => lock.close());

  const { method, target, headers } = QUESTIONS[name];
  async function ask(
    change: Headers = {},
    to: { method?: string; target?: string; from?: string } = {},
  ): Promise<RawAnswer> {
    const all = { ...headers, ...MODERN, Authorization: `Bearer ${tokens.aliceRead}`, ...change };
    const lines = Object.entries(all).flatMap(([key, value]) =>
      value === null ? [] : [value].flat().map((each) => `${key}: ${each}\r\n`),
    );
    const bytes = `${to.method ?? method} ${to.target ?? target} HTTP/1.1\r\n${lines.join('')}\r\n`;
    const [answer] = await exchangeRaw(lock.url, bytes);
    return answer as RawAnswer;
  }

  test('says who it is, every header of it, and nothing more', async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expect(headerValue(answer, 'latchkey-principal')).toMatch(/^token:/);
    expect(headerValues(answer, 'latchkey-client')).toEqual(['']);
    expect(headerValue(answer, 'latchkey-scopes')).toBe('file:read');
    expect(JSON.stringify(answer)).not.toContain(tokens.aliceRead);
  });

  test('takes nothing from a description with a gap, or with a thing twice', async () => {
    const described = Object.keys(headers).filter((key) => !['Connection', 'Content-Length'].includes(key));
    const needed = 'X-Forwarded-Host' in headers ? described.filter((key) => key !== 'Host') : described;
    for (const key of needed) {
      expect({ key, status: told(await ask({ [key]: null })) }).toEqual({ key, status: 400 });
      expect({ key, status: told(await ask({ [key]: '' })) }).toEqual({ key, status: 400 });
      const value = headers[key] as string;
      expect({ key, status: told(await ask({ [key]: [value, value] })) }).toEqual({ key, status: 400 });
      const twin = { [key.replaceAll('-', '_')]: key.includes('-') ? value : [value, value] };
      expect({ key, status: told(await ask(twin)) }).toEqual({ key, status: 400 });
    }
  });

  test('believes no header of another proxy', async () => {
    for (const other of Object.keys(QUESTIONS).filter((each) => each !== name && each !== 'traefik') as Name[]) {
      const forged = Object.fromEntries(
        Object.entries(QUESTIONS[other].headers)
          .filter(([key]) => /^X-(?:Original|Forwarded-(?:Method|Uri|Host))/.test(key) && !(key in headers))
          .map(([key, value]) => [key, String(value).replace('/mcp', '/other').replace('POST', 'PUT')]),
      );
      expect((await ask(forged)).status).toBe(200);
    }
    expect(told(await ask({}, { target: '/auth/mcp' }))).toBe(name === 'envoy' ? 200 : 404);
  });

  test('judges the host, the path and the method that are described', async () => {
    const places = { host: name === 'caddy' || name === 'traefik' ? 'X-Forwarded-Host' : 'Host' };
    expect(told(await ask({ [places.host]: 'evil.example' }))).toBe(421);
    const uri = name === 'nginx' ? 'X-Original-URI' : 'X-Forwarded-Uri';
    for (const path of ['/other', '//mcp', '/mcp/', '/x/../mcp', '/mcp%2f', '/auth', 'mcp', '/mcp#x', '/mcp x'])
      expect({
        path,
        status: told(
          await (name === 'envoy' ? ask({}, { target: `/auth${path.replace(' ', '%20')}` }) : ask({ [uri]: path })),
        ),
      }).toMatchObject({
        path,
        status: expect.toSatisfy((status: number) => [400, 404].includes(status)),
      });
    const put = name === 'nginx' ? { 'X-Original-Method': 'PUT' } : { 'X-Forwarded-Method': 'PUT' };
    expect(told(await (name === 'envoy' ? ask({}, { method: 'PUT' }) : ask(put)))).toBe(405);
    expect(told(await ask({ Origin: 'https://evil.example' }))).toBe(403);
  });

  test('wants the credential to have come encrypted', async () => {
    expect(told(await ask({ 'X-Forwarded-Proto': 'http' }))).toBe(400);
    expect(told(await ask({ 'X-Forwarded-Proto': 'https, http' }))).toBe(400);
    await expect.poll(() => lock.command('trail', '--json')).toContain('"exposed":true');
  });

  test('reads no body', async () => {
    expect(told(await ask({ 'Content-Length': '2', 'Transfer-Encoding': null }))).toBe(400);
    expect(told(await ask({ 'Content-Length': null, 'Transfer-Encoding': 'chunked' }))).toBe(400);
  });

  test('counts failures by the address that the proxy names', async () => {
    for (let i = 0; i < 3; i += 1) expect(told(await ask(from('198.51.100.1')))).toBe(401);
    const limited = await ask(from('198.51.100.1'));
    expect(told(limited)).toBe(429);
    expect(Number(headerValue(limited, 'retry-after'))).toBeGreaterThan(0);
    expect(told(await ask(from('198.51.100.2')))).toBe(401);
    // What a client put there itself stands on the left of what its proxy saw.
    expect(told(await ask(from('198.51.100.9, 198.51.100.1')))).toBe(429);
  });

  test('gives the client the whole refusal', async () => {
    const answer = await ask({ Authorization: null });
    expect(answer.status).toBe(401);
    expect(headerValues(answer, 'www-authenticate')).toEqual([
      `Bearer resource_metadata="https://${PUBLIC}/.well-known/oauth-protected-resource/mcp"`,
    ]);
    expect(json(answer).error).toMatchObject({ code: 401 });
    const denied = await ask({ 'Mcp-Name': 'write_file' });
    expect(denied.status).toBe(403);
    // nginx has a status for nothing else.
    const old = await ask({ 'MCP-Protocol-Version': '2025-11-25' });
    expect([old.status, told(old)]).toEqual([name === 'nginx' ? 403 : 400, 400]);
    expect(headerValue(old, 'latchkey-body')).toBe(name === 'nginx' ? old.body : null);
  });

  test('publishes what the resource is, and nothing else', async () => {
    const plain = { Authorization: null };
    const document = '/.well-known/oauth-protected-resource/mcp';
    expect(json(await ask(plain, { method: 'GET', target: document }))).toMatchObject({
      resource: `https://${PUBLIC}/mcp`,
    });
    expect((await ask(plain, { method: 'POST', target: document })).status).toBe(405);
    for (const probe of ['/healthz', '/readyz'])
      expect((await ask(plain, { method: 'GET', target: probe })).status).toBe(200);
    for (const elsewhere of ['/', '/mcp', '/authx', '/.latchkey/rotate', '/sse'])
      expect((await ask({}, { target: elsewhere })).status).toBe(404);
  });
});

describe('asked by somebody else', () => {
  test('is refused, whatever is described', async () => {
    const lock = await startLatchkey({
      serve: 'forward-auth',
      config: {
        publicUrl: `https://${PUBLIC}`,
        forwardAuth: { proxy: 'nginx', bodyChecked: true, trusted: ['10.0.0.0/8', '2001:db8::1'] },
        tools: { echo: {} },
      },
    });
    try {
      const headers = { ...QUESTIONS.nginx.headers, ...MODERN, Authorization: `Bearer ${lock.token}` };
      const lines = Object.entries(headers).map(([key, value]) => `${key}: ${String(value)}\r\n`);
      const [answer] = await exchangeRaw(lock.url, `GET /auth HTTP/1.1\r\n${lines.join('')}\r\n`);
      expect(answer?.status).toBe(403);
      await expect.poll(() => lock.command('trail', '--json')).toContain('"reason":"proxy-unknown"');
    } finally {
      await lock.close();
    }
  });
});

const question = (token: string, uri: string): string => {
  const headers = { ...QUESTIONS.nginx.headers, 'X-Original-URI': uri, Authorization: `Bearer ${token}` };
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${String(value)}\r\n`);
  return `GET /auth HTTP/1.1\r\n${lines.join('')}\r\n`;
};
async function withLock(
  config: object,
  act: (lock: Latchkey, tokens: Credentials['tokens']) => Promise<void>,
): Promise<void> {
  const lock = await startLatchkey({ serve: 'forward-auth', config: { publicUrl: `https://${PUBLIC}`, ...config } });
  try {
    await act(lock, (await createCredentials(lock.store)).tokens);
  } finally {
    await lock.close();
  }
}

describe('asked for more than an MCP endpoint', () => {
  test('scopes in place of rules hold at every path, in every revision', () =>
    withLock({ forwardAuth: { proxy: 'nginx', scopes: ['file:write'] } }, async (lock, tokens) => {
      const statusOf = async (token: string, uri: string): Promise<string | null> => {
        const [answer] = await exchangeRaw(lock.url, question(token, uri));
        return headerValue(answer as RawAnswer, 'latchkey-status') ?? String(answer?.status);
      };
      for (const uri of ['/mcp', '/report?x=1', '/']) {
        expect(await statusOf(tokens.aliceWrite, uri)).toBe('200');
        expect(await statusOf(tokens.aliceRead, uri)).toBe('403');
        expect(await statusOf(tokens.revoked, uri)).toBe('401');
      }
    }));

  test('scopes of several servers hold at their own paths, each with the credentials made for it', () =>
    withLock(
      {
        forwardAuth: { proxy: 'nginx', scopes: [] },
        servers: {
          files: { upstream: { url: 'http://127.0.0.1:1/mcp' } },
          db: { upstream: { url: 'http://127.0.0.1:1/mcp' } },
        },
      },
      async (lock) => {
        const { token } = await lock.createToken('of-files', '--server', 'files');
        const statusOf = async (uri: string): Promise<string | null> => {
          const [answer] = await exchangeRaw(lock.url, question(token, uri));
          return headerValue(answer as RawAnswer, 'latchkey-status') ?? String(answer?.status);
        };
        expect(await statusOf('/files/mcp')).toBe('200');
        expect(await statusOf('/db/mcp')).toBe('401');
        for (const uri of ['/files/mcp/', '/files', '/mcp', '/']) expect(await statusOf(uri)).toBe('404');
      },
    ));

  test('signs who asks for a server that is statusOf so, and publishes the keys', () =>
    withLock(
      { forwardAuth: { proxy: 'nginx' }, upstream: { url: 'http://127.0.0.1:1/mcp', identity: {} } },
      async (lock) => {
        const [answer] = await exchangeRaw(lock.url, question(lock.token, '/mcp'));
        const keys = createRemoteJWKSet(new URL('/.latchkey/jwks', lock.url));
        const { payload } = await jwtVerify(headerValue(answer as RawAnswer, 'latchkey-identity') ?? '', keys, {
          issuer: `https://${PUBLIC}`,
          audience: 'http://127.0.0.1:1/mcp',
          typ: 'latchkey-identity+jwt',
        });
        expect(payload.sub).toBe(headerValue(answer as RawAnswer, 'latchkey-principal'));
      },
    ));
});

test.skipIf(process.platform !== 'linux')('the proxy has as many connections as all may have together', async () => {
  const limits = { connectionsPerAddress: 5, connections: 20 };
  const lock = await startLatchkey({
    serve: 'forward-auth',
    config: { publicUrl: `https://${PUBLIC}`, forwardAuth: { proxy: 'caddy', trusted: ['127.0.0.2'] }, limits },
  });
  const { target, headers } = QUESTIONS.caddy;
  const all = { ...headers, ...MODERN, Authorization: `Bearer ${lock.token}` };
  const lines = Object.entries(all).map(([key, value]) => `${key}: ${String(value)}\r\n`);
  const knock = (address: string, count: number): readonly Held[] =>
    Array.from({ length: count }, () => {
      const held = hold(lock.url, { from: address });
      held.socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
      return held;
    });
  const proxy = knock('127.0.0.2', 12);
  await Promise.all(proxy.map((held) => held.heard('latchkey-principal')));
  const strangers = knock('127.0.0.3', 10);
  await expect.poll(() => strangers.filter(({ open }) => open).length).toBe(5);
  await expect.poll(() => lock.talk().split('connections are closed at once').length).toBe(2);
  for (const { socket } of [...proxy, ...strangers]) socket.destroy();
  await lock.close();
});
