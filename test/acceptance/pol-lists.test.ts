import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChangingUpstream } from '../fixtures/changing-upstream.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { answerOf, startScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import type { Offer } from '../fixtures/offer.ts';
import { headerValues } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, responseOf } from './answers.ts';
import { setRules, startChangingSites, type ChangingSite } from './changing-sites.ts';
import { legacyCall, modernCall, openSession, send, type Call, type Site, type Spy } from './harness.ts';

const OFFER: Offer = {
  tools: ['echo', 'write_file', 'hidden', 'denied', 'norule'].map((name) => ({
    name,
    inputSchema: { type: 'object' },
  })),
  prompts: ['greet', 'plan', 'hidden', 'norule'].map((name) => ({ name })),
  resources: ['file:///data/a', 'file:///private/b', 'db:///hidden', 'db:///norule'].map((uri) => ({ uri, name: uri })),
  resourceTemplates: ['file:///data/{x}', 'file:///private/{x}', 'db:///hid{x}', 'other:///{x}'].map((uriTemplate) => ({
    uriTemplate,
    name: uriTemplate,
  })),
  cache: { ttlMs: 60_000, cacheScope: 'public' },
};
const RULES = {
  tools: {
    echo: { scopes: ['file:read'] },
    write_file: { scopes: ['file:write'] },
    hidden: { hidden: true },
    denied: { deny: true },
  },
  prompts: { greet: { scopes: ['file:read'] }, plan: { scopes: ['file:write'] }, hidden: { hidden: true } },
  resources: {
    'file:///data/*': { scopes: ['file:read'] },
    'file:///private/*': { scopes: ['file:write'] },
    'db:///hid*': { hidden: true },
  },
};

let sites: readonly [ChangingSite, ChangingSite, ChangingSite];
beforeAll(async () => {
  sites = await startChangingSites(OFFER, RULES);
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const LISTS = {
  'tools/list': ['tools', 'name'],
  'prompts/list': ['prompts', 'name'],
  'resources/list': ['resources', 'uri'],
  'resources/templates/list': ['resourceTemplates', 'uriTemplate'],
} as const;
type List = keyof typeof LISTS;
const EVERY_LIST = Object.keys(LISTS) as readonly List[];

/** What a token may see of each list. */
const READABLE: Readonly<Record<List, readonly string[]>> = {
  'tools/list': ['echo'],
  'prompts/list': ['greet'],
  'resources/list': ['file:///data/a'],
  'resources/templates/list': ['file:///data/{x}'],
};
const WRITABLE: Readonly<Record<List, readonly string[]>> = {
  'tools/list': ['echo', 'write_file'],
  'prompts/list': ['greet', 'plan'],
  'resources/list': ['file:///data/a', 'file:///private/b'],
  'resources/templates/list': ['file:///data/{x}', 'file:///private/{x}'],
};

interface Page {
  readonly entries: readonly unknown[];
  readonly result: Readonly<Record<string, unknown>>;
}

async function pageOf(site: Site<Spy>, list: List, call: Call): Promise<Page> {
  const result = responseOf(await send(site, call)).result ?? {};
  const [member, key] = LISTS[list];
  return { entries: ((result[member] ?? []) as Record<string, unknown>[]).map((entry) => entry[key]), result };
}

/** Every page of a list, as a modern client follows the cursor. */
async function pagesOf(site: Site<Spy>, list: List, token: string): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for (let cursor: unknown; ;) {
    const call = { ...modernCall(list, cursor === undefined ? {} : { cursor }), token };
    const page = await pageOf(site, list, call);
    pages.push(page);
    cursor = page.result['nextCursor'];
    if (typeof cursor !== 'string' || pages.length > 20) return pages;
  }
}

const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Each page is labelled as for its reader alone; gives the entries of all pages. */
function expectPrivate(pages: readonly Page[]): readonly unknown[] {
  for (const { result } of pages)
    expect({ ...result, timed: isTime(result['ttlMs']) }).toMatchObject({ cacheScope: 'private', timed: true });
  return pages.flatMap(({ entries }) => entries);
}

test('POL-24 resources and prompts too: lists show what may be used', async () => {
  for (const site of sites) {
    const { aliceRead, aliceWrite, none } = site.tokens;
    for (const [token, visible] of [
      [aliceRead, READABLE],
      [aliceWrite, WRITABLE],
      [site.gateway.token, WRITABLE],
    ] as const) {
      const session = await openSession(site, token);
      for (const list of EVERY_LIST) {
        expect([list, expectPrivate(await pagesOf(site, list, token))]).toEqual([list, visible[list]]);
        // A list over HTTP in a session is what the session's server says of it.
        const legacy = await pageOf(site, list, { ...legacyCall(list, {}, session), token });
        expect([list, legacy.entries]).toEqual([list, visible[list]]);
      }
    }
    for (const list of EVERY_LIST) expect(expectPrivate(await pagesOf(site, list, none))).toEqual([]);
  }
});

const complete = (ref: object): Call => modernCall('completion/complete', { ref, argument: { name: 'x', value: '' } });
const subscribe = (...resourceSubscriptions: readonly string[]): Call =>
  modernCall('subscriptions/listen', { notifications: { resourceSubscriptions } });
const readOf = (uri: string): Call => modernCall('resources/read', { uri });

/** Whatever can be done with something that is not a tool, by its name. */
function usesOf(uri: string, template: string, prompt: string): Record<string, Call> {
  return {
    [`read ${uri}`]: readOf(uri),
    [`read by the template ${template}`]: readOf(template),
    [`subscribe ${uri}`]: subscribe(uri),
    [`subscribe ${uri} beside what is allowed`]: subscribe('file:///data/a', uri),
    [`complete ${template}`]: complete({ type: 'ref/resource', uri: template }),
    [`complete ${uri}`]: complete({ type: 'ref/resource', uri }),
    [`complete ${prompt}`]: complete({ type: 'ref/prompt', name: prompt }),
    [`get ${prompt}`]: modernCall('prompts/get', { name: prompt }),
  };
}

test('POL-24 resources and prompts too', async () => {
  for (const site of sites) {
    await expectEachServed(site, {
      read: readOf('file:///data/a'),
      get: modernCall('prompts/get', { name: 'greet' }),
      'complete a prompt': complete({ type: 'ref/prompt', name: 'greet' }),
      'complete a template': complete({ type: 'ref/resource', uri: 'file:///data/{x}' }),
    });
    // Without the scope, without a rule, and hidden: as with tools.
    await expectEachRefused(site, usesOf('file:///private/b', 'file:///private/{x}', 'plan'), 403);
    await expectEachRefused(site, usesOf('db:///norule', 'other:///{x}', 'norule'), 403);
    const hidden = usesOf('db:///hidden', 'db:///hid{x}', 'hidden');
    await expectEachRefused(site, hidden, 403);
    const all = Object.entries(hidden).map(([what, call]): [string, Call] => [
      what,
      { ...call, token: site.gateway.token },
    ]);
    await expectEachRefused(site, Object.fromEntries(all), 403);
    await expectEachRefused(
      site,
      {
        'a tool as a prompt': modernCall('prompts/get', { name: 'echo' }),
        'a prompt as a tool': { tool: 'greet' },
        'a tool as a reference': complete({ type: 'ref/tool', name: 'echo' }),
        'a reference of no type': complete({ name: 'greet' }),
        'a reference of another type': complete({ type: 'ref/prompt', uri: 'file:///data/a' }),
        'both references': complete({ type: 'ref/resource', name: 'greet', uri: 'db:///norule' }),
        'a subscription that is no text': modernCall('subscriptions/listen', {
          notifications: { resourceSubscriptions: [['file:///data/a']] },
        }),
        'subscriptions that are no list': modernCall('subscriptions/listen', {
          notifications: { resourceSubscriptions: 'db:///norule' },
        }),
      },
      [400, 403],
    );
  }
});

test('POL-24 resources and prompts too: other spellings of what is hidden, and sessions', async () => {
  const spellings = [
    'file:///data/../private/b',
    'file:///data/%2e%2e/private/b',
    'file:///data/..%2fprivate/b',
    'file:///data\\..\\private/b',
    'file://localhost/data/a',
    'FILE:///private/b',
    'file:///data//a',
    'file:///data/a#x',
    'file:///data/a?x=1',
    'file:///data/a\u0000',
    ' file:///data/a',
    'file:///data/a ',
    'db:///hid%64en',
    'DB:///hidden',
  ];
  for (const site of sites) {
    const calls = spellings.flatMap((uri): [string, Call][] => [
      [`read ${uri}`, { ...readOf(uri), headers: { 'Mcp-Method': 'resources/read', 'Mcp-Name': encoded(uri) } }],
      [`subscribe ${uri}`, subscribe(uri)],
      [`complete ${uri}`, complete({ type: 'ref/resource', uri })],
    ]);
    await expectEachRefused(site, Object.fromEntries(calls), [400, 403]);
    const session = await openSession(site);
    const legacy = ['resources/read', 'resources/subscribe', 'resources/unsubscribe'].flatMap((method) =>
      ['file:///private/b', 'db:///norule', ...spellings].map((uri): [string, Call] => [
        `${method} ${uri}`,
        legacyCall(method, { uri }, session),
      ]),
    );
    await expectEachRefused(site, Object.fromEntries(legacy), [400, 403]);
    await expectEachRefused(
      site,
      {
        'a prompt without the scope': legacyCall('prompts/get', { name: 'plan' }, session),
        'its completion': legacyCall(
          'completion/complete',
          { ref: { type: 'ref/prompt', name: 'plan' }, argument: { name: 'x', value: '' } },
          session,
        ),
      },
      403,
    );
    expect((await send(site, legacyCall('resources/subscribe', { uri: 'file:///data/a' }, session))).status).toBe(200);
  }
});

const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

const LABELS: readonly Readonly<Record<string, unknown>>[] = [
  { ttlMs: 60_000, cacheScope: 'public' },
  { ttlMs: -1, cacheScope: 'public' },
  { ttlMs: '60000', cacheScope: 'PUBLIC' },
  { ttlMs: 1.5 },
  { ttlMs: 1e300, cacheScope: null },
  { cacheScope: ['public'] },
  { ttlMs: null, cacheScope: 'shared' },
  {},
];

test('POL-34 filtered lists are private', async () => {
  for (const site of sites)
    for (const cache of LABELS)
      for (const events of [false, true]) {
        site.spy.change({ ...OFFER, cache, events, pageSize: 2 });
        for (const list of EVERY_LIST) {
          const pages = await pagesOf(site, list, site.tokens.aliceWrite);
          expect(pages.length).toBeGreaterThan(1);
          expect(expectPrivate(pages)).toEqual(WRITABLE[list]);
        }
      }
  for (const site of sites) site.spy.change(OFFER);
});

test('POL-34 filtered lists are private: also where one token may see everything', async () => {
  const everything = OFFER.tools.map(({ name }) => name);
  for (const site of sites) {
    site.spy.change({ ...OFFER, pageSize: 3 });
    await setRules(site, { '*': { scopes: ['file:read'] } });
    expect(expectPrivate(await pagesOf(site, 'tools/list', site.tokens.aliceRead))).toEqual(everything);
    expect(expectPrivate(await pagesOf(site, 'tools/list', site.tokens.none))).toEqual([]);
    await setRules(site, RULES.tools);
    site.spy.change(OFFER);
  }
});

test('POL-34 filtered lists are private: also without any rule', async () => {
  const upstream = await startChangingUpstream({ ...OFFER, pageSize: 3 });
  const gateway = await startLatchkey({ config: { upstream: { url: upstream.url } } });
  const site = { ...sites[0], gateway };
  const { token } = await gateway.createToken('few', '--scope', 'file:read');
  for (const list of EVERY_LIST) {
    expect(expectPrivate(await pagesOf(site, list, gateway.token)).length).toBeGreaterThan(3);
    expect(expectPrivate(await pagesOf(site, list, token))).toEqual([]);
  }
  await gateway.close();
  await upstream.close();
});

const RESULT =
  '"result":{"resultType":"complete","tools":[{"name":"echo"},{"name":"norule"}],"ttlMs":9,"cacheScope":"public"}';
const MESSAGE = `{"jsonrpc":"2.0","id":1,${RESULT}}`;
const EVENT = `id: 7\ndata: ${MESSAGE}\n\n`;

test('POL-34 filtered lists are private: whatever HTTP says of the answer', async () => {
  const upstream = await startScriptedUpstream(null);
  const gateway = await startLatchkey({ config: { ...RULES, upstream: { url: upstream.url } } });
  const site = { ...sites[0], gateway };
  const list = { ...modernCall('tools/list'), token: gateway.token };
  const answers: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ 'Content-Type': 'application/json' }, MESSAGE],
    [{ 'Content-Type': 'Application/JSON' }, MESSAGE],
    [{ 'Content-Type': 'application/json; charset=utf-8' }, MESSAGE],
    [{}, MESSAGE],
    [{ 'Content-Type': 'application/json' }, MESSAGE.replace('"result"', '"res\\u0075lt"')],
    [{ 'Content-Type': 'text/event-stream' }, EVENT],
    [{ 'Content-Type': 'Text/Event-Stream' }, EVENT.replaceAll('\n', '\r\n')],
    [{ 'Content-Type': 'text/event-stream;charset=utf-8' }, EVENT.replace('"result"', '"res\\u0075lt"')],
    [{ 'Content-Type': 'text/event-stream' }, EVENT.replace('"tools"', '\ndata: "tools"')],
  ];
  for (const [headers, body] of answers)
    for (const control of ['public, max-age=3600', 'max-age=60, s-maxage=600', 'immutable', 'private']) {
      upstream.script = answerOf('200 OK', { ...headers, 'Cache-Control': control, Age: '1', Expires: 'never' }, body);
      const answer = await send(site, list);
      expect([headers, answer.status]).toEqual([headers, 200]);
      expect(JSON.parse(answer.body.replace(/^[^]*data:/, ''))).toMatchObject({
        result: { tools: [{ name: 'echo' }], ttlMs: 9, cacheScope: 'private' },
      });
      expect(answer.body).not.toContain('norule');
      expect(headerValues(answer, 'cache-control')).toEqual(['no-store, no-transform']);
      expect([...headerValues(answer, 'age'), ...headerValues(answer, 'expires')]).toEqual([]);
    }
  // What could be read in two ways shows nothing.
  for (const body of [`${MESSAGE}${MESSAGE}`, `\u{feff}${MESSAGE}`, MESSAGE.slice(0, -1)]) {
    upstream.script = answerOf('200 OK', { 'Content-Type': 'application/json' }, body);
    const answer = await send(site, list);
    expect([answer.status, answer.body]).toEqual([502, expect.not.stringContaining('norule')]);
  }
  upstream.script = answerOf('200 OK', { 'Content-Type': 'application/json' }, `[${MESSAGE}]`);
  expect(JSON.parse((await send(site, list)).body)).toMatchObject([{ result: { tools: [{ name: 'echo' }] } }]);
  const twice = MESSAGE.replace('"result"', `"result":{"tools":[{"name":"denied"}]},"result"`);
  upstream.script = answerOf('200 OK', { 'Content-Type': 'application/json' }, twice);
  expect((await send(site, list)).body).not.toMatch(/denied|norule/);
  await gateway.close();
  await upstream.close();
});
