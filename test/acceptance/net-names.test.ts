import { freePort } from '../fixtures/free-port.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, headerValues } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed } from './answers.ts';
import { startBareSite } from './bare-site.ts';
import {
  callsSeen,
  expectRefused,
  expectUpstreamUntouched,
  initializeCall,
  modernCall,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = await startEverySite({ limits: { failedPerAddress: '100000/min' } });
}, 180_000);
afterAll(async () => {
  for (const site of sites) await site.close();
});

const portOf = (site: Site<Spy>): string => new URL(site.gateway.url).port;

test('NET-01 no Origin', async () => {
  for (const site of sites) {
    const calls = { call: {}, list: modernCall('tools/list'), discover: modernCall('server/discover') };
    await expectEachServed(site, { ...calls, 'a 2025 client': initializeCall() });
  }
});

/** Origins that are not the gateway's, though some look like it. */
function foreignOrigins(port: string): readonly string[] {
  const own = `http://127.0.0.1:${port}`;
  return [
    'http://evil.example',
    'https://evil.example',
    'null',
    '',
    ' ',
    '*',
    'file://',
    'chrome-extension://abcdefghijklmnop',
    'about:blank',
    // Another scheme, port or spelling of the gateway's own.
    `https://127.0.0.1:${port}`,
    `ws://127.0.0.1:${port}`,
    'http://127.0.0.1',
    'http://localhost',
    'http://127.0.0.1:80',
    `http://127.0.0.1:0${port}`,
    `http://127.0.0.1:${Number(port) + 1}`,
    `HTTP://127.0.0.1:${port}`,
    `http://LOCALHOST:${port}`,
    `http://localhost.:${port}`,
    `${own}/`,
    `${own}/mcp`,
    `${own}?`,
    `${own}#`,
    `${own}, ${own}`,
    `${own} http://evil.example`,
    `http://evil.example ${own}`,
    `http://127.0.0.1:${port}@evil.example`,
    `http://user@127.0.0.1:${port}`,
    `http://127.0.0.1:${port}.evil.example`,
    `http://127.0.0.1.evil.example:${port}`,
    `http://localhost.evil.example:${port}`,
    `http://evil-localhost:${port}`,
    `http://xlocalhost:${port}`,
    `http://evil.localhost:${port}`,
    `http://127.0.0.2:${port}`,
    `http://0.0.0.0:${port}`,
    `http://0:${port}`,
    `http://127.1:${port}`,
    `http://2130706433:${port}`,
    `http://0x7f.0.0.1:${port}`,
    `http://0177.0.0.1:${port}`,
    `http://[::]:${port}`,
    `http://[0:0:0:0:0:0:0:1]:${port}`,
    `http://[::ffff:127.0.0.1]:${port}`,
    `http://::1:${port}`,
    `http://[::1%25lo]:${port}`,
    `http://127.0.0.1:${port}\\@evil.example`,
    `http://127.0.0.1%3a${port}`,
    `http://127\xe3\x80\x820.0.1:${port}`,
    `"${own}"`,
    `127.0.0.1:${port}`,
    `//127.0.0.1:${port}`,
  ];
}

test('NET-02 foreign Origin', async () => {
  for (const site of sites) {
    const own = `http://127.0.0.1:${portOf(site)}`;
    const spellings: readonly (string | readonly string[])[] = [
      ...foreignOrigins(portOf(site)),
      // Two headers are no better than the worse of them.
      ['http://evil.example', own],
      [own, 'http://evil.example'],
      [own, own],
    ];
    const ways: readonly Call[] = [{}, { token: null }, { token: 'garbage' }, { method: 'OPTIONS' }, { method: 'GET' }];
    await expectUpstreamUntouched(site, async () => {
      for (const call of site === sites[0] ? ways : ways.slice(0, 1)) {
        const answers = spellings.map((origin) => send(site, { ...call, headers: { Origin: origin } }));
        for (const [at, answer] of (await Promise.all(answers)).entries()) {
          const origin = spellings[at];
          const status = typeof origin === 'string' ? 403 : 400;
          expect({ origin, call, status: answer.status }).toEqual({ origin, call, status });
          // Before any work on credentials, and with nothing for the page to read.
          expect(headerValues(answer, 'www-authenticate')).toEqual([]);
          expect(answer.headers.filter(([name]) => /^access-control/i.test(name))).toEqual([]);
        }
      }
    });
    for (const target of ['/healthz', '/.latchkey/rotate', '/nothing'])
      await expectRefused(site, { method: 'GET', target, headers: { Origin: 'http://evil.example' } }, 403);
    // Metadata are for everybody, and say nothing that not everybody may know.
    const metadata = '/.well-known/oauth-protected-resource/mcp';
    await expectRefused(site, { method: 'GET', target: metadata, headers: { Origin: 'http://evil.example' } }, 200);
    // The gateway's own pages, should there be some.
    const ours = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `http://${name}:${portOf(site)}`);
    await expectEachServed(site, Object.fromEntries(ours.map((origin) => [origin, { headers: { Origin: origin } }])));
  }
});

/** Hosts that are not the gateway's, though some lead to it. */
function foreignHosts(port: string): readonly string[] {
  return [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1:1',
    `127.0.0.1:0${port}`,
    '127.0.0.1:',
    `127.0.0.1:${port}:${port}`,
    `127.0.0.1:+${port}`,
    '127.0.0.1:99999999',
    `localhost.:${port}`,
    'localhost.',
    `localhost.evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `evil.localhost:${port}`,
    `xlocalhost:${port}`,
    `user@127.0.0.1:${port}`,
    `127.0.0.1:${port}@evil.example`,
    `evil.example@127.0.0.1:${port}`,
    `127.0.0.1:${port}, evil.example`,
    `127.0.0.1:${port} evil.example`,
    `evil.example 127.0.0.1:${port}`,
    `127.0.0.1:${port}/`,
    `127.0.0.1:${port}/mcp`,
    `127.0.0.1:${port}?`,
    `127.0.0.1:${port}#`,
    `127.0.0.1:${port}\\`,
    `http://127.0.0.1:${port}`,
    `//127.0.0.1:${port}`,
    `0.0.0.0:${port}`,
    `0:${port}`,
    `127.1:${port}`,
    `127.0.0.2:${port}`,
    `2130706433:${port}`,
    `0x7f000001:${port}`,
    `0177.0.0.1:${port}`,
    `127.000.000.001:${port}`,
    `[::]:${port}`,
    `::1:${port}`,
    '::1',
    `[0:0:0:0:0:0:0:1]:${port}`,
    `[0000::1]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[::ffff:7f00:1]:${port}`,
    `[::1%lo]:${port}`,
    `[::1]x:${port}`,
    `127%2e0.0.1:${port}`,
    `%6cocalhost:${port}`,
    `"127.0.0.1:${port}"`,
    `127\xe3\x80\x820.0.1:${port}`,
    `*:${port}`,
    '',
  ];
}

test('NET-06 foreign Host on loopback', async () => {
  for (const site of sites) {
    const port = portOf(site);
    for (const token of site === sites[0] ? [null, site.tokens.aliceRead] : [site.tokens.aliceRead]) {
      const hosts = foreignHosts(port).map((host) => [host, { token, headers: { Host: host } }] as const);
      await expectEachRefused(site, Object.fromEntries(hosts), 421);
      const both = foreignHosts(port).map((host) => [
        host,
        { token, headers: { Host: host, Origin: `http://${host}` } },
      ]);
      await expectEachRefused(site, Object.fromEntries(both), 421);
      const malformed: Record<string, Call> = {
        none: { token, headers: { Host: null } },
        'two that are right': { token, headers: { Host: [`127.0.0.1:${port}`, `127.0.0.1:${port}`] } },
        'a right and a foreign one': { token, headers: { Host: [`127.0.0.1:${port}`, 'evil.example'] } },
        'a foreign and a right one': { token, headers: { Host: ['evil.example', `127.0.0.1:${port}`] } },
        'a right one under a foreign target': { token, target: `http://evil.example:${port}/mcp` },
        'a foreign one under a right target': {
          token,
          target: `http://127.0.0.1:${port}/mcp`,
          headers: { Host: 'evil.example' },
        },
      };
      await expectEachRefused(site, malformed, 400);
    }
    // What else a proxy may say of the host changes nothing.
    const elsewhere = [
      'X-Forwarded-Host',
      'X-Host',
      'X-Original-Host',
      'X-Forwarded-Server',
      'Forwarded',
      ':authority',
    ];
    for (const name of elsewhere.slice(0, -1))
      await expectRefused(site, { headers: { Host: 'evil.example', [name]: `127.0.0.1:${port}` } }, 421);
    for (const target of ['/.well-known/oauth-protected-resource/mcp', '/.latchkey/rotate', '/nothing'])
      await expectRefused(site, { method: 'GET', target, headers: { Host: 'evil.example' } }, 421);
    const own = [`127.0.0.1:${port}`, `localhost:${port}`, `LocalHost:${port}`, `[::1]:${port}`, 'localhost'];
    await expectEachServed(site, Object.fromEntries(own.map((host) => [host, { headers: { Host: host } }])));
  }
});

/** Ways to write the path of the server, or something near it, that another program could read as that path. */
const TARGETS = [
  '//evil/mcp',
  '//mcp',
  '///mcp',
  '/mcp#x',
  '/mcp;x',
  '/mcp;/',
  '/;/mcp',
  '/%6dcp',
  '/%256dcp',
  '/m%63p',
  '/mcp/',
  '/mcp//',
  '/mcp/.',
  '/mcp/..',
  '/mcp/x/..',
  '/./mcp',
  '/.//mcp',
  '/x/../mcp',
  '/x/..;/mcp',
  '/healthz/../mcp',
  '/%2e/mcp',
  '/%2e%2e/mcp',
  '/x/%2e%2e/mcp',
  '/x/%252e%252e/mcp',
  '/x/..%2fmcp',
  '/x%2f..%2fmcp',
  '/%2fmcp',
  '/%2Fmcp',
  '/mcp%2f',
  '/mcp%2f..',
  '/mcp%5c',
  '/mcp\\',
  '/\\mcp',
  '\\mcp',
  '/x\\..\\mcp',
  '/MCP',
  '/Mcp',
  '/mcp%00',
  '/mcp%00x',
  '/mcp%0a',
  '/mcp%0d%0aX:y',
  '/mcp%20',
  '/mcp%09',
  '/%20mcp',
  '/mcp.',
  '/mcp.json',
  '/mcp~',
  '/mcp:80',
  '/mcp,x',
  '/mcp=x',
  '/mcp&x',
  '/mcp%3f',
  '/mcp%23',
  '/mcp%3bx',
  '/m\xc3\xa7p',
  '/mcp\xc2\xa0',
  '/\xef\xbc\x8fmcp',
  '/mcp\xe9',
  '/mc%c0%b0',
  '/%c0%afmcp',
  '/%u006dcp',
  '/mcp%',
  '/mcp%zz',
  '/mcp{}',
  '/mcp"',
  "/mcp'",
  '/mcp<x>',
  '/mcp|',
  '/mcp^',
  '/mcp`',
  '/default/mcp',
  '/mcp/mcp',
  '/mcp/messages',
  '/',
  `/${'a'.repeat(8000)}`,
  `/mcp/${'../'.repeat(2000)}mcp`,
];

/** Targets that are not in origin form, or hold what a target cannot. */
function otherForms(site: Site<Spy>): readonly string[] {
  const { host, port } = new URL(site.gateway.url);
  return [
    `http://${host}/mcp`,
    `HTTP://${host}/mcp`,
    `https://${host}/mcp`,
    'http://evil.example/mcp',
    `http://user:pw@${host}/mcp`,
    `http://127.0.0.1:${port}`,
    'http:///mcp',
    'http:/mcp',
    'http:mcp',
    'ftp://127.0.0.1/mcp',
    'file:///mcp',
    'evil.example:443',
    host,
    '*',
    'mcp',
    './mcp',
    '../mcp',
    '?x',
    '%2fmcp',
    '/mcp\t',
    '/mcp\tx',
    '/mc\x01p',
    '/mcp\x7f',
    '/mcp\0',
    '/mcp?\xe9',
    '/mcp?#',
    '/mcp?x#/healthz',
    '/mcp?\t',
  ];
}

const REQUEST_ID = /"requestId":"[^"]*"/;

test('NET-09 target spellings', async () => {
  for (const site of sites) {
    await expectUpstreamUntouched(site, async () => {
      const ways: readonly Call[] = [{}, { token: null }, { method: 'GET' }, { method: 'OPTIONS' }];
      const forms: readonly (readonly [readonly string[], readonly number[]])[] = [
        [TARGETS, [404, 400]],
        [otherForms(site), [400]],
      ];
      for (const [targets, statuses] of forms) {
        for (const call of site === sites[0] ? ways : ways.slice(0, 1)) {
          const answers = await Promise.all(targets.map((target) => send(site, { ...call, target })));
          for (const [at, answer] of answers.entries()) {
            const target = targets[at] as string;
            const refused = statuses.includes(answer.status);
            expect({ target, call, refused, answer }).toMatchObject({ target, call, refused: true });
            // Neither a redirect nor an invitation, and the spelling is not repeated.
            expect(headerValue(answer, 'location')).toBe(null);
            expect(headerValue(answer, 'www-authenticate')).toBe(null);
            expect(answer.body.replace(REQUEST_ID, '')).not.toContain(target.length > 5 ? target : 'mcp');
          }
        }
      }
    });
    await expectRefused(site, { target: `/mcp?${'x'.repeat(20_000)}` }, 431);
  }
});

test('NET-09 target spellings: a query changes nothing', async () => {
  const queries = ['?', '??', '?x', '?/../x', '?tool=write_file', '?a=%00', '?\\', '?a=b;c', '?"'];
  for (const site of sites) {
    for (const query of queries) {
      const target = `/mcp${query}`;
      site.spy.reset();
      expect({ target, status: (await send(site, { target })).status }).toEqual({ target, status: 200 });
      await site.spy.settled?.();
      expect(callsSeen(site)).toHaveLength(1);
      // The rules are those of the path itself.
      await expectRefused(site, { target, token: null }, 401);
      await expectRefused(site, { target, tool: 'write_file' }, 403);
      await expectRefused(site, { target, tool: 'delete_all' }, 403);
    }
  }
  // Nothing of it reaches the server.
  const [http] = sites as readonly [Site];
  http.spy.reset();
  await send(http, { target: '/mcp?secret-of-a-query' });
  expect(callsSeen(http).map(({ target }) => target)).toEqual(['/mcp']);
});

test('NET-09 target spellings: under the path of a public URL', async () => {
  const port = await freePort();
  const based = await startBareSite({ listen: `127.0.0.1:${port}`, publicUrl: 'https://mcp.example/base' });
  const site: Site = { ...based, gateway: { ...based.gateway, url: `http://127.0.0.1:${port}` } };
  const host = { Host: 'mcp.example' };
  expect((await send(site, { target: '/base/mcp', headers: host })).status).toBe(200);
  for (const target of [
    '/mcp',
    '/base',
    '/base/',
    '/base//mcp',
    '/base/../mcp',
    '/BASE/mcp',
    '/base%2fmcp',
    '/base/base/mcp',
  ])
    await expectRefused(site, { target, headers: host }, 404);
  await site.close();
});
