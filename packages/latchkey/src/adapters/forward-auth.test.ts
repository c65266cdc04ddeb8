import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { createLatchkey } from '../lock/create-latchkey.ts';
import { latchkey, type ForwardAuthOptions } from './forward-auth.ts';

const told: unknown[] = [];
const lock = createLatchkey({
  onError: (error) => void told.push(error),
  resource: 'https://api.example/mcp',
  policy: { tools: { echo: { scopes: ['read'] } } },
  verifiers: [
    {
      name: 'test',
      // Some ask elsewhere, and some know at once.
      verify({ secret }) {
        const text = secret.reveal();
        const accepted = {
          kind: 'accept',
          principal: { ...createAnonymous(['read']), kind: 'token', id: text },
        } as const;
        if (text === 'wrong') return { kind: 'skip' };
        return text === 'later' ? Promise.resolve(accepted) : accepted;
      },
    },
  ],
});

let server: Server | null = null;
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  if (server !== null) await once(server, 'close');
  server = null;
});

type Door = ReturnType<typeof latchkey<'read'>>;
async function serve(
  options: ForwardAuthOptions,
  handlerOf: (door: Door) => ReturnType<Door['protect']>,
): Promise<string> {
  server = createServer(handlerOf(latchkey(lock, options))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth`;
}

const HEADERS = {
  'x-forwarded-method': 'POST',
  'x-forwarded-uri': '/mcp',
  'x-forwarded-host': 'api.example',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
  authorization: 'Bearer alice',
};

const refuseToSign = (): never => {
  throw new Error('no key');
};

describe('latchkey/forward-auth', () => {
  it('answers for an MCP endpoint, and says who asks', async () => {
    const identity = { header: 'X-Identity', sign: ({ id }: { id: string }) => `signed-${id}` };
    const url = await serve({ proxy: 'traefik', identity }, (door) => door.protectMcp({ bodyChecked: true }));
    for (const id of ['alice', 'later']) {
      const answer = await fetch(url, { headers: { ...HEADERS, authorization: `Bearer ${id}` } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('latchkey-principal')).toBe(id);
      expect(answer.headers.get('x-identity')).toBe(`signed-${id}`);
      expect(await answer.text()).toBe('');
    }
    expect((await fetch(url, { headers: { ...HEADERS, 'mcp-name': 'wipe' } })).status).toBe(403);
    expect((await fetch(url, { method: 'HEAD', headers: { ...HEADERS, authorization: 'Bearer wrong' } })).status).toBe(
      401,
    );
  });

  it('lets nobody in who cannot be named', async () => {
    const identity = { header: 'X-Identity', sign: refuseToSign };
    const url = await serve({ proxy: 'traefik', identity }, (door) => door.protect());
    const answer = await fetch(url, { headers: HEADERS });
    expect(answer.status).toBe(500);
    expect(answer.headers.get('latchkey-principal')).toBeNull();
  });

  const unsigned: readonly (readonly [string, () => unknown])[] = [
    ['throws', refuseToSign],
    ['rejects', () => Promise.reject(new Error('no key'))],
    ['gives a promise', () => Promise.resolve('signed')],
    ['gives nothing', () => undefined],
    ['gives two lines', () => 'a\r\nlatchkey-principal: eve'],
    ['gives what no header carries', () => 'signed\u2028'],
  ];

  it.each(unsigned)('refuses, and tells, where whoever signs %s', async (_how, sign) => {
    told.length = 0;
    const identity = { header: 'X-Identity', sign: sign as () => string };
    const url = await serve({ proxy: 'traefik', identity }, (door) => door.protect());
    const answer = await fetch(url, { headers: HEADERS });
    expect([answer.status, answer.headers.get('latchkey-principal')]).toEqual([500, null]);
    expect(told).toEqual([expect.any(Error)]);
  });

  it('answers for a route', async () => {
    const url = await serve({ proxy: 'caddy' }, (door) => door.protect({ scopes: ['read'] }));
    expect((await fetch(url, { headers: { ...HEADERS, 'x-forwarded-uri': '/report' } })).status).toBe(200);
    expect((await fetch(url, { headers: { ...HEADERS, authorization: '' } })).status).toBe(401);
  });

  it('tells nginx by 401 and 403 alone, and the rest in headers', async () => {
    const url = await serve({ proxy: 'nginx' }, (door) => door.protect());
    const answer = await fetch(url, { headers: { ...HEADERS, authorization: 'Bearer alice' } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('latchkey-status')).toBe('400');
    expect(answer.headers.get('latchkey-body')).toBe(await answer.text());
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('publishes the metadata', async () => {
    const url = await serve({ proxy: 'nginx' }, (door) => door.metadata());
    expect(await (await fetch(url)).json()).toMatchObject({ resource: 'https://api.example/mcp' });
  });

  it('takes only options that it knows', () => {
    for (const wrong of [{ proxy: 'haproxy' }, { proxy: 'nginx', trust: [] }, { proxy: 'nginx', trusted: ['proxy'] }])
      expect(() => latchkey(lock, wrong as ForwardAuthOptions)).toThrow(TypeError);
    const wrong: object = { proxy: 'apache', trusted: ['10.0.0.0/'], path: 'auth' };
    expect(() => latchkey(lock, wrong as ForwardAuthOptions)).toThrow(/proxy: .*trusted: .*path: /);
    const door = latchkey(lock, { proxy: 'nginx' });
    expect(() => door.protectMcp()).toThrow(/^protectMcp: .*bodyChecked: true/);
    expect(() => door.protect({ scope: ['read'] } as never)).toThrow(TypeError);
  });
});
