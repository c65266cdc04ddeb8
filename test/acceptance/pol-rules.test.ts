import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOOR } from '../fixtures/latchkey.ts';
import type { Offer } from '../fixtures/offer.ts';
import { headerValue, type RawAnswer } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, ranBy, responseOf } from './answers.ts';
import { setRules, startChangingSites, type ChangingSite } from './changing-sites.ts';
import {
  expectRefused,
  expectUpstreamUntouched,
  legacyCall,
  modernCall,
  openSession,
  send,
  startSite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import { listenTo } from './listening.ts';
import { waitForRecord } from './trail-records.ts';

const tool = (name: string): Offer['tools'][number] => ({ name, inputSchema: { type: 'object' } });
const OFFER: Offer = { tools: ['echo', 'write_file', 'delete_all', 'secret'].map(tool) };
const RULES = {
  echo: { scopes: ['file:read'] },
  write_file: { scopes: ['file:write'] },
  delete_all: { deny: true },
  secret: { hidden: true },
};

let sites: readonly [ChangingSite, ChangingSite, ChangingSite];
beforeAll(async () => {
  sites = await startChangingSites(OFFER, { tools: RULES });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

/** Every token that lets somebody in. */
const holders = ({ tokens, gateway }: Site<Spy>): readonly string[] => [
  tokens.aliceRead,
  tokens.aliceWrite,
  tokens.admin,
  gateway.token,
];
const legacyTool = (name: string, session: string): Call => legacyCall('tools/call', { name, arguments: {} }, session);

test('POL-01 denied tool', async () => {
  for (const site of sites) {
    await expectEachServed(site, { 'what it may': {} });
    const refused = await expectRefused(site, { tool: 'write_file', id: 'denied-1' }, 403);
    expect(headerValue(refused, 'www-authenticate')).toMatch(/error="insufficient_scope".*scope="file:write"/);
    expect(responseOf(refused)).toMatchObject({ id: 'denied-1', error: { code: 403 } });
    const record = { method: 'tools/call', target: 'write_file', decision: 'deny', reason: 'policy-scope' };
    expect(await waitForRecord(site, record)).toMatchObject({
      credential: 'alice-read',
      status: 403,
      neededScopes: ['file:write'],
    });
    const session = await openSession(site);
    await expectRefused(site, legacyTool('write_file', session), 403);
    expect(ranBy(await send(site, { tool: 'write_file', token: site.tokens.aliceWrite, args: {} })).ran).toBe(
      'write_file',
    );
  }
});

test('POL-01 denied tool: what is denied or hidden is so for every token', async () => {
  for (const site of sites)
    for (const token of holders(site)) {
      const session = await openSession(site, token);
      for (const call of [{ tool: 'delete_all' }, legacyTool('delete_all', session)]) {
        const denied = await expectRefused(site, { ...call, token }, 403);
        expect(headerValue(denied, 'www-authenticate')).toBeNull();
      }
      for (const call of [{ tool: 'secret' }, legacyTool('secret', session)]) {
        const hidden = await expectRefused(site, { ...call, token }, 403);
        expect(responseOf(hidden).error?.code).toBe(403);
      }
    }
});

test('POL-01 denied tool: what is hidden is told apart from no made-up name', async () => {
  const ways = [{}, { '*': { scopes: ['file:write'] } }, { '*': { deny: true } }, { '*': { when: 'has(args.x)' } }];
  for (const other of ways)
    // A library pins nothing.
    for (const pins of DOOR === null ? [{ pin: 'off' }, { pin: 'block' }] : [{}]) {
      const site = await startSite({ ...pins, tools: { echo: {}, secret: { hidden: true }, ...other } });
      for (const [name, made] of [
        ['secret', 'sekret'],
        ['Secret', 'Sekret'],
      ] as const) {
        const told = await expectRefused(site, { tool: name, args: {} }, 403);
        expect([other, shapeOf(told)]).toEqual([
          other,
          shapeOf(await expectRefused(site, { tool: made, args: {} }, 403)),
        ]);
        expect(responseOf(told).error?.['data']).toHaveProperty('requestId');
      }
      await waitForRecord(site, { target: 'secret', decision: 'deny', reason: 'policy-hidden', status: 403 });
      await site.close();
    }
});

const shapeOf = ({ status, headers, body }: RawAnswer) => ({
  status,
  headers: headers.map(([name, value]) => [name, name.toLowerCase() === 'date' ? '' : value]),
  body: body.replace(/"requestId":"[^"]+"/, ''),
});

test('POL-02 default deny: a tool that the server adds later is refused until a rule exists', async () => {
  for (const site of sites) {
    const later = { tool: 'later', args: {} };
    const session = await openSession(site);
    const listening = listenTo(site, modernCall('subscriptions/listen', { notifications: { toolsListChanged: true } }));
    await expect.poll(() => listening.text(), { timeout: 10_000 }).toContain('acknowledged');
    for (const token of holders(site)) await expectRefused(site, { ...later, token }, 403);
    site.spy.change({ tools: [...OFFER.tools, tool('later')] });
    await expect.poll(() => listening.text(), { timeout: 10_000 }).toContain('notifications/tools/list_changed');
    listening.close();

    for (const token of holders(site)) {
      const list = await send(site, { ...modernCall('tools/list'), token });
      expect(responseOf(list).result?.['tools']).not.toContainEqual(expect.objectContaining({ name: 'later' }));
      await expectRefused(site, { ...later, token }, 403);
    }
    await expectRefused(site, legacyTool('later', session), 403);
    await waitForRecord(site, { target: 'later', decision: 'deny', reason: 'policy-no-rule' });

    await setRules(site, { ...RULES, later: { scopes: ['file:read'] } });
    expect(ranBy(await send(site, later)).ran).toBe('later');
    expect((await send(site, legacyTool('later', session))).status).toBe(200);
    await setRules(site, RULES);
    await expectRefused(site, later, 403);
  }
});

test('POL-36 admin surface separate', async () => {
  const [site] = sites;
  const verbs = [
    'token/create',
    'token/revoke',
    'token/list',
    'key/create',
    'policy/set',
    'policy/reload',
    'trail/read',
  ];
  const methods = [
    ...verbs.flatMap((verb) => [verb, `latchkey/${verb}`, `admin/${verb}`, `x-latchkey/${verb}`, `$/${verb}`]),
    'shutdown',
    'config/set',
    'server/add',
    'rpc.discover',
    'tools/accept',
    'users/create',
  ];
  const grants = async (): Promise<unknown> =>
    (JSON.parse(await site.gateway.command('token', 'list', '--all', '--json')) as Record<string, unknown>[]).map(
      ({ id, status, scopes, servers }) => ({ id, status, scopes, servers }),
    );
  const before = await grants();
  const config = await readFile(site.gateway.configFile, 'utf8');
  for (const each of sites)
    for (const token of holders(each)) {
      const session = await openSession(each, token);
      const params = { name: 'intruder', scope: ['*'], tools: { '*': {} } };
      const modern = methods.map((method): [string, Call] => [method, { ...modernCall(method, params), token }]);
      await expectEachRefused(each, Object.fromEntries(modern), [403, 404]);
      // To a legacy client 404 would say that its session ended, so an unknown method is an error in an answer of 200.
      await expectUpstreamUntouched(each, async () => {
        for (const method of methods) {
          const answer = await send(each, { ...legacyCall(method, params, session), token });
          expect([method, answer.status, responseOf(answer).error?.code]).toEqual([method, 200, -32601]);
        }
      });
    }
  const paths = [
    '/admin',
    '/admin/tokens',
    '/api/tokens',
    '/tokens',
    '/keys',
    '/policy',
    '/config',
    '/trail',
    '/metrics',
  ];
  const own = [
    '/.latchkey',
    '/.latchkey/',
    '/.latchkey/tokens',
    '/.latchkey/policy',
    '/.latchkey/reload',
    '/mcp/admin',
  ];
  for (const token of [null, ...holders(site)])
    for (const target of [...paths, ...own])
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) await expectRefused(site, { method, target, token }, 404);
  expect(await grants()).toEqual(before);
  expect(await readFile(site.gateway.configFile, 'utf8')).toBe(config);
});

test('POL-36 admin surface separate: tools called like administration are tools of the server behind, and need rules', async () => {
  const names = ['token_create', 'latchkey', 'latchkey.token.create', 'admin', 'policy-set', 'tools_accept'];
  const calls = Object.fromEntries(names.map((name): [string, Call] => [name, { tool: name, args: {} }]));
  for (const site of sites) await expectEachRefused(site, calls, 403);
});

const prompt = (name: string, to = 'me'): Call => modernCall('prompts/get', { name, arguments: { to } });
const resource = (uri: string): Call => modernCall('resources/read', { uri });

test('POL-01 prompts and resources are held to every key of their rules', async () => {
  const read = ['file:read'];
  const site = await startSite({
    tools: { echo: { scopes: read } },
    prompts: {
      greet: { scopes: read, limit: '1/h' },
      mine: { when: 'principal.name == "alice-read" && args.to == "me"' },
      no: { deny: true },
      gone: { hidden: true },
    },
    resources: {
      'file:///data/a': { scopes: read, limit: '1/h' },
      'file:///own/*': { when: 'target.endsWith("/alice") && principal.kind == "token"' },
      'file:///no': { deny: true },
      'file:///gone': { hidden: true },
    },
  });
  const reached = async (call: Call): Promise<boolean> => {
    site.spy.reset();
    await send(site, call);
    return site.spy.bytes() !== '';
  };
  for (const call of [prompt('greet'), prompt('mine'), resource('file:///data/a'), resource('file:///own/alice')])
    expect([call, await reached(call)]).toEqual([call, true]);
  const refused = {
    'a prompt a second time': [prompt('greet'), 429],
    'a prompt with other arguments': [prompt('mine', 'you'), 403],
    "a prompt of somebody else's": [{ ...prompt('mine'), token: site.tokens.bob }, 403],
    'a denied prompt': [prompt('no'), 403],
    'a hidden prompt': [prompt('gone'), 403],
    'a resource a second time': [resource('file:///data/a'), 429],
    'a resource that is not the target': [resource('file:///own/bob'), 403],
    'a denied resource': [resource('file:///no'), 403],
    'a hidden resource': [resource('file:///gone'), 403],
  } as const;
  for (const [what, [call, status]] of Object.entries(refused)) await expectEachRefused(site, { [what]: call }, status);
  await site.close();
});
