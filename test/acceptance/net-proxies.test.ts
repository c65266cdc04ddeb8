import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBareSite } from './bare-site.ts';
import { readChallenge } from './challenge.ts';
import { callsSeen, expectRefused, send, startSite, type Call, type Site } from './harness.ts';

const USER = 'the-gateway-itself';
let site: Site;
let proxied: Site;
beforeAll(async () => {
  const limits = { failedPerAddress: '5/min' };
  [site, proxied] = await Promise.all([
    startSite({ limits }),
    startSite({ limits, behindProxy: { trusted: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] } }),
  ]);
}, 180_000);
afterAll(() => Promise.all([site.close(), proxied.close()]));

interface TrailRecord {
  readonly address: string;
  readonly target: string | null;
  readonly decision: string;
}

/** The records of calls of these tools, by tool; each call has a name of its own. */
async function recordsOf(of: Site, tools: readonly string[]): Promise<Readonly<Record<string, TrailRecord>>> {
  const read = async (): Promise<readonly TrailRecord[]> => {
    const lines = (await of.gateway.command('trail', '--json', '--limit', '1000')).split('\n');
    const records = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TrailRecord);
    return records.filter(({ target }) => target !== null && tools.includes(target));
  };
  let found: readonly TrailRecord[] = [];
  await expect.poll(async () => (found = await read()).length, { timeout: 30_000 }).toBe(tools.length);
  return Object.fromEntries(found.map((record) => [record.target, record]));
}

/** What a proxy, or somebody who would like to be one, says of the client. */
const FORWARDING = {
  'X-Forwarded-For': '6.6.6.6',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Scheme': 'https',
  'X-Forwarded-Ssl': 'on',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Server': 'evil.example',
  'X-Forwarded-Port': '443',
  'X-Forwarded-Uri': '/healthz',
  'X-Forwarded-Prefix': '/evil',
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-User': 'root',
  'X-Forwarded-Email': 'root@evil.example',
  'X-Forwarded-Groups': 'admin',
  'X-Forwarded-Access-Token': 'evil-token',
  'X-Forwarded-Client-Cert': 'Hash=evil;Subject="CN=root"',
  'X-Client-Cert': 'evil-cert',
  'X-SSL-Client-Verify': 'SUCCESS',
  'X-Real-IP': '6.6.6.6',
  'X-Client-IP': '6.6.6.6',
  'X-Cluster-Client-IP': '6.6.6.6',
  'True-Client-IP': '6.6.6.6',
  'CF-Connecting-IP': '6.6.6.6',
  'Fastly-Client-IP': '6.6.6.6',
  'X-Original-URL': '/healthz',
  'X-Rewrite-URL': '/healthz',
  Forwarded: 'for=6.6.6.6;host=evil.example;proto=https',
  Via: '1.1 evil.example',
};

test('NET-14 trusted proxies default empty', async () => {
  site.spy.reset();
  expect((await send(site, { headers: FORWARDING })).status).toBe(200);
  // None of it goes on, and none of it comes back.
  expect(callsSeen(site)).toHaveLength(1);
  expect(site.spy.bytes()).not.toMatch(/6\.6\.6\.6|evil|forwarded/i);
  const stranger = await expectRefused(site, { token: null, headers: FORWARDING }, 401);
  expect(readChallenge(stranger)).toEqual(readChallenge(await expectRefused(site, { token: null }, 401)));
  expect(JSON.stringify(stranger)).not.toMatch(/6\.6\.6\.6|evil/);
  await expectRefused(site, { tool: 'write_file', headers: FORWARDING }, 403);
  await expectRefused(site, { headers: { ...FORWARDING, Host: 'evil.example' } }, 421);
  await expectRefused(site, { target: '/nothing', headers: { ...FORWARDING, 'X-Forwarded-Uri': '/mcp' } }, 404);
  await expectRefused(site, { tool: 'forwarded', headers: FORWARDING }, 403);
  expect((await recordsOf(site, ['forwarded']))['forwarded']).toMatchObject({ address: '127.0.0.1' });
  expect(await site.gateway.command('trail', '--json')).not.toMatch(/6\.6\.6\.6|evil/);
});

async function guess(at: Site, headers: NonNullable<Call['headers']>): Promise<number> {
  return (await send(at, { token: 'guess', headers })).status;
}

test('NET-14 trusted proxies default empty: no way round the limit of failures', async () => {
  const statuses: number[] = [];
  for (let at = 0; at < 12; at += 1)
    statuses.push(await guess(site, { ...FORWARDING, 'X-Forwarded-For': `6.6.6.${at}` }));
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
  expect(new Set(statuses.slice(-5))).toEqual(new Set([429]));
});

const PEER = '127.0.0.1';
const WALK: readonly (readonly [string | readonly string[], string])[] = [
  ['1.1.1.1', '1.1.1.1'],
  ['1.1.1.1, 2.2.2.2', '2.2.2.2'],
  ['1.1.1.1,2.2.2.2', '2.2.2.2'],
  ['1.1.1.1 ,\t2.2.2.2\t', '2.2.2.2'],
  ['1.1.1.1, 10.0.0.5', '1.1.1.1'],
  ['3.3.3.3, 1.1.1.1, 10.0.0.5, 10.255.0.1, 127.0.0.1', '1.1.1.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:db8::1, fd00::5', '2001:db8::1'],
  ['::ffff:2.2.2.2', '2.2.2.2'],
  ['1.1.1.1, ::ffff:10.0.0.5', '1.1.1.1'],
  ['1.1.1.1, ::ffff:a00:5', '1.1.1.1'],
  // Azure's gateways and IIS write the port.
  ['2.2.2.2:80', '2.2.2.2'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:80', '2001:db8::1'],
  ['1.1.1.1:80, 10.0.0.5:80', '1.1.1.1'],
  // What stands left of the address that counts is anybody's text.
  ['junk, 2.2.2.2', '2.2.2.2'],
  [', , 2.2.2.2', '2.2.2.2'],
  ["127.0.0.1, ' OR 1=1 --, 2.2.2.2", '2.2.2.2'],
  // Junk where it counts: the peer.
  ['2.2.2.2, junk', PEER],
  ['2.2.2.2, junk, 10.0.0.5', PEER],
  ['2.2.2.2,', PEER],
  ['2.2.2.2, , 10.0.0.5', PEER],
  ['', PEER],
  [',', PEER],
  ['unknown', PEER],
  ['_hidden', PEER],
  ['2.2.2.2:', PEER],
  ['2.2.2.2:80:80', PEER],
  ['[2001:db8::1', PEER],
  ['[junk]:80', PEER],
  ['"2.2.2.2"', PEER],
  ['for=2.2.2.2', PEER],
  ['2.2.2.2;3.3.3.3', PEER],
  ['2.2.2.2 3.3.3.3', PEER],
  ['fe80::1%eth0', PEER],
  ['2001:db8::1%25lo', PEER],
  ['02.2.2.2', PEER],
  ['0x2.2.2.2', PEER],
  ['2.2.514', PEER],
  ['33686018', PEER],
  ['256.2.2.2', PEER],
  ['2.2.2.2.2', PEER],
  ['2.2.2.2/32', PEER],
  ['localhost', PEER],
  ['2\xe3\x80\x822.2.2', PEER],
  // Trusted all the way.
  ['10.0.0.5', PEER],
  ['127.0.0.1, 10.0.0.5', PEER],
  // Many.
  [`${'3.3.3.3, '.repeat(499)}2.2.2.2`, '2.2.2.2'],
  [`2.2.2.2${', 10.0.0.5'.repeat(500)}`, '2.2.2.2'],
  [`2.2.2.2, junk${', 10.0.0.5'.repeat(500)}`, PEER],
  // Two headers are one list.
  [['1.1.1.1', '2.2.2.2'], '2.2.2.2'],
  [['2.2.2.2', '10.0.0.5'], '2.2.2.2'],
  [['2.2.2.2', 'junk'], PEER],
];

test('NET-15 XFF walk', async () => {
  for (const [at, [forwardedFor]] of WALK.entries())
    await expectRefused(proxied, { tool: `walk-${at}`, headers: { 'X-Forwarded-For': forwardedFor } }, 403);
  const records = await recordsOf(
    proxied,
    [...WALK.keys()].map((at) => `walk-${at}`),
  );
  const found = WALK.map(([forwardedFor], at) => [forwardedFor, records[`walk-${at}`]?.address]);
  expect(found).toEqual(WALK);
});

test('NET-15 XFF walk: limits count the address that was found', async () => {
  for (let at = 0; at < 5; at += 1)
    expect(await guess(proxied, { 'X-Forwarded-For': `6.6.6.${at}, 9.9.9.9` })).toBe(401);
  expect(await guess(proxied, { 'X-Forwarded-For': '6.6.6.7, 9.9.9.9' })).toBe(429);
  expect(await guess(proxied, { 'X-Forwarded-For': '9.9.9.9, 8.8.8.8' })).toBe(401);
  // Another trusted hop on the way is not another client.
  expect(await guess(proxied, { 'X-Forwarded-For': '9.9.9.9, 10.0.0.1' })).toBe(429);
});

const over = (proto: string | readonly string[] | null): Call => ({ headers: { 'X-Forwarded-Proto': proto } });

test('NET-15 XFF walk: X-Forwarded-Proto says https in one way', async () => {
  expect((await send(proxied, over('https'))).status).toBe(200);
  expect((await send(proxied, over(null))).status).toBe(200);
  for (const proto of [
    'http',
    'HTTPS',
    'https, http',
    'http, https',
    ['https', 'http'],
    'on',
    '',
    'https;x',
    '"https"',
  ])
    await expectRefused(proxied, over(proto), 400);
});

test('NET-16 outgoing identity headers', async () => {
  const headers = {
    'X-Gateway-User': USER,
    'User-Agent': USER,
    Traceparent: USER,
    'Accept-Language': USER,
    Baggage: USER,
  };
  const own = await startBareSite({ upstream: { url: site.spy.url, headers } });
  const outside = 'root-of-outside';
  const ways: readonly NonNullable<Call['headers']>[] = [
    { 'X-Gateway-User': outside },
    { 'x-gateway-user': outside },
    { 'X-GATEWAY-USER': outside },
    { X_Gateway_User: outside, 'X-Gateway_User': outside, X_GATEWAY_USER: outside },
    { 'X-Gateway-User': [outside, outside], 'x-gateway-user': USER },
    { 'X-Gateway-User': '', 'X-Gateway-User ': null },
    {
      'User-Agent': outside,
      'user-agent': outside,
      traceparent: outside,
      'accept-language': outside,
      baggage: outside,
    },
  ];
  for (const way of ways) {
    site.spy.reset();
    expect((await send(own, { headers: way })).status).toBe(200);
    const [call] = callsSeen(site);
    const sent = (call?.rawHeaders ?? []).map((text) => text.toLowerCase());
    for (const name of Object.keys(headers).map((text) => text.toLowerCase())) {
      const places = [...sent.keys()].filter((at) => at % 2 === 0 && sent[at]?.replaceAll('_', '-') === name);
      expect({ name, values: places.map((at) => sent[at + 1]) }).toEqual({ name, values: [USER] });
    }
    expect(site.spy.bytes()).not.toContain(outside);
  }
  for (const named of ['X-Gateway-User', 'close, x-gateway-user', 'keep-alive, User-Agent', 'X-Gateway-User, close']) {
    site.spy.reset();
    await expectRefused(own, { headers: { Connection: named, 'X-Gateway-User': outside } }, 400);
    expect(site.spy.bytes()).toBe('');
  }
  await own.close();
});
