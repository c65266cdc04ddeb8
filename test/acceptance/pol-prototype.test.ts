import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { expectEachRefused } from './answers.ts';
import { ALLOWED, withArgs } from './bodies.ts';
import { expectRefused, modernCall, send, startEverySite, type Call, type Site, type Spy } from './harness.ts';

// With rules for names that every JavaScript object seems to have, and one that looks into the arguments.
const TOOLS = {
  echo: { scopes: ['file:read'] },
  query: { scopes: ['file:read'], when: 'has(args.ok) && args.ok == true' },
  write_file: { scopes: ['file:write'] },
  constructor: { scopes: ['file:read'] },
  valueOf: { scopes: ['file:write'] },
  toString: { deny: true },
};
let sites: readonly Site<Spy>[];
let site: Site<Spy>;
beforeAll(async () => {
  sites = await startEverySite({ tools: TOOLS });
  [site] = sites as [Site<Spy>];
});
afterAll(() => Promise.all(sites.map((each) => each.close())));

// What a condition judged must be what the server finds, whatever it takes for the same key or text.
const TWO_WAYS = [
  '"OK":false',
  '"Ok":false',
  '"o_k":false',
  '"o\u212a":false',
  '"\uff4fk":false',
  '"ok\u200b":false',
  '"deep":[{"path":1,"PATH":2}]',
  '"deep":{"a":{"file_path":1,"filePath":2}}',
  '"path":"/data/\\u0000/../etc"',
  '"path":"/etc/pass\\ud800wd"',
  '"amount":1e400',
];

test('POL-09 case-variant keys: in arguments that a condition judges', async () => {
  const query = (args: string): Call => ({
    body: withArgs(args).replace('"echo"', '"query"'),
    headers: { 'Mcp-Name': 'query' },
  });
  const calls = TWO_WAYS.flatMap((member): [string, Call][] => [
    [`${member} behind`, query(`{"ok":true,${member}}`)],
    [`${member} in front`, query(`{${member},"ok":true}`)],
  ]);
  for (const each of sites) {
    expect((await send(each, query('{"ok":true,"deep":{"OK":false}}'))).status).toBe(200);
    await expectEachRefused(each, Object.fromEntries(calls), 403);
    await expectEachRefused(each, { 'twice the same': query('{"ok":true,"ok":false}') }, 400, -32600);
  }
});

const INHERITED = [
  '__proto__',
  'prototype',
  'hasOwnProperty',
  'isPrototypeOf',
  'toLocaleString',
  'propertyIsEnumerable',
  'then',
  'length',
  '__defineGetter__',
  '__lookupGetter__',
  'toJSON',
  'constructor.name',
  '__proto__.__proto__',
];

function named(make: (name: string) => Call): Record<string, Call> {
  return Object.fromEntries(INHERITED.map((name) => [`name ${name}`, make(name)]));
}

test('POL-19 prototype names', async () => {
  for (const each of sites) {
    await expectEachRefused(
      each,
      named((tool) => ({ tool })),
      403,
    );
    await expectEachRefused(
      each,
      named((tool) => ({ tool, token: each.tokens.admin })),
      403,
    );
    await expectEachRefused(
      each,
      named((name) => modernCall('prompts/get', { name })),
      403,
    );
    await expectEachRefused(
      each,
      named((uri) => modernCall('resources/read', { uri })),
      403,
    );
    await expectEachRefused(
      each,
      named((method) => modernCall(method)),
      404,
    );
    await expectEachRefused(
      each,
      named((name) => ({ target: `/${name}/mcp` })),
      404,
    );
    expect((await send(each)).status).toBe(200);
  }
  await expectEachRefused(
    site,
    named((token) => ({ token })),
    401,
  );
});

test('POL-19 prototype names in rules', async () => {
  for (const each of sites) {
    for (const tool of ['toString', 'valueOf']) await expectRefused(each, { tool }, 403);
    const { aliceRead, aliceWrite } = each.tokens;
    for (const [tool, token] of [
      ['constructor', aliceRead],
      ['valueOf', aliceWrite],
    ] as const) {
      each.spy.reset();
      expect((await send(each, { tool, token })).status).toBe(200);
      expect(each.spy.bytes()).toContain(`"name":"${tool}"`);
    }
  }
  // A computed key makes a member of that name.
  for (const config of [{ tools: { ['__proto__']: {} } }, { scopes: { ['__proto__']: { implies: ['file:read'] } } }])
    await expect(startLatchkey({ config: { upstream: { url: 'http://127.0.0.1:9/mcp' }, ...config } })).rejects.toThrow(
      'E_CONFIG_INVALID',
    );
});

const POISON =
  '{"polluted":true,"ok":true,"allow":true,"scopes":["file:write"],"status":200,"deny":false,"name":"delete_all"}';
const POISONED = [
  `"__proto__":${POISON}`,
  `"constructor":{"prototype":${POISON}}`,
  `"__proto__":{"__proto__":${POISON}}`,
  `"\\u005f_proto__":${POISON}`,
  `"__defineGetter__":${POISON},"__proto__":null`,
  `"toString":null,"valueOf":1,"hasOwnProperty":${POISON},"toJSON":${POISON},"then":${POISON}`,
  `"x":[{"__proto__":${POISON}},{"constructor":{"prototype":${POISON}}}]`,
];

test('POL-20 prototype pollution', async () => {
  for (const each of sites) {
    const before = await answersOf(each);
    for (const poison of POISONED) {
      const places = [
        withArgs(`{${poison}}`),
        ALLOWED.replace('"_meta":{', () => `"_meta":{${poison},`),
        ALLOWED.replace('"params":{', () => `"params":{${poison},`),
        ALLOWED.replace('{"jsonrpc"', () => `{${poison},"jsonrpc"`),
      ];
      each.spy.reset();
      for (const body of places) {
        // As data it goes on as it is.
        expect({ body, status: (await send(each, { body })).status }).toEqual({ body, status: 200 });
      }
      expect(each.spy.bytes().split(poison).length).toBeGreaterThanOrEqual(places.length);
    }
    // What was inherited is not an argument that a condition sees.
    const judged = POISONED.map((poison): [string, Call] => {
      const body = withArgs(`{${poison}}`).replace('"echo"', '"query"');
      return [poison, { body, headers: { 'Mcp-Name': 'query' } }];
    });
    await expectEachRefused(each, Object.fromEntries(judged), 403);
    expect(await answersOf(each)).toEqual(before);
  }
});

/** Answers of every kind, without what is new each time. */
async function answersOf(each: Site<Spy>): Promise<readonly unknown[]> {
  const calls: readonly Call[] = [
    {},
    { tool: 'query' },
    { tool: 'query', args: { ok: true } },
    { tool: 'write_file' },
    { tool: 'delete_all' },
    { token: null },
    { body: '{' },
    { body: '[]' },
    { target: '/elsewhere' },
    modernCall('tools/list'),
    modernCall('acme/none'),
  ];
  const answers = [];
  for (const call of calls) {
    const { status, headers, body } = await send(each, call);
    const names = headers.map(([name]) => name.toLowerCase()).toSorted();
    answers.push({ status, names, body: body.replace(/"requestId":"[^"]*"/, '"requestId"') });
  }
  return answers;
}
