import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChangingStdio } from '../fixtures/changing-stdio.ts';
import { startChangingUpstream, type ChangingUpstream } from '../fixtures/changing-upstream.ts';
import { runLatchkey, startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { json } from '../fixtures/raw-http.ts';
import { ranBy, responseOf } from './answers.ts';
import { legacyCall, modernCall, send, type Call, type Site } from './harness.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-servers-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Problem {
  readonly where: string;
  readonly message: string;
}

/** What is wrong with that configuration, as `config check` says. */
async function problemsOf(text: string): Promise<readonly Problem[]> {
  const file = join(folder, 'latchkey.yaml');
  await writeFile(file, text);
  const { code, stdout } = await runLatchkey(['config', 'check', '--json', '--config', file]);
  const { ok, problems } = JSON.parse(stdout) as { ok: boolean; problems: readonly Problem[] };
  expect([code, ok]).toEqual(problems.length === 0 ? [0, true] : [2, false]);
  return problems;
}

const lineOf = ({ where }: Problem): number => Number(/latchkey\.yaml:(\d+):\d+/.exec(where)?.[1]);
const SERVER = '{ upstream: { url: "http://127.0.0.1:1/mcp" } }';

/** One server on each line, from the second on. */
const fileOf = (names: readonly string[]): string =>
  `servers:\n${names.map((name) => `  ${JSON.stringify(name)}: ${SERVER}\n`).join('')}`;

test('POL-28 name collisions over several upstreams: refused when the file is read, each with its place', async () => {
  // Each of these is, or could be taken for, the path of another server or one of the gateway's own.
  const own = [
    'mcp',
    'healthz',
    'readyz',
    'sse',
    'messages',
    'metrics',
    'admin',
    'oauth',
    'latchkey',
    'well-known',
    'default',
  ];
  const other = [
    'Files',
    'FILES',
    'filEs',
    'files ',
    ' files',
    'files/',
    '/files',
    'files/mcp',
    './files',
    'files/../db',
    'files%2f',
    '.well-known',
    '.latchkey',
    '.well-known/x',
    'files.',
    'fi\u200bles',
    'f\u0131les',
    'd\u0435v',
    'a__b',
    'a_b',
    'a.b',
    'a b',
    'a;b',
    'a?b',
    'a#b',
    'a:b',
    'a\\b',
    '-a',
    '..',
    '.',
    '*',
    '\u00e9',
    'e\u0301',
  ];
  await expectEachPlaced(['files', 'db', 'a-b'], [...own, ...other]);
  await expectEachPlaced(['files'], ['', 'x'.repeat(33), '.well-known/oauth-protected-resource']);
});

/** The first of these servers are sound; each other one is a problem that says its line and column. */
async function expectEachPlaced(sound: readonly string[], bad: readonly string[]): Promise<void> {
  const problems = await problemsOf(fileOf([...sound, ...bad]));
  const first = sound.length + 2;
  expect([...new Set(problems.map(lineOf))]).toEqual(bad.map((_name, at) => first + at));
}

test('POL-28 name collisions over several upstreams: one name twice, however it is written', async () => {
  for (const [first, second] of [
    ['files', 'files'],
    ['"files"', 'files'],
    ["'files'", '"fi\\u006Ces"'],
    ['? files\n  ', 'files'],
  ] as const) {
    const problems = await problemsOf(`servers:\n  ${first}: ${SERVER}\n  ${second}: ${SERVER}\n`);
    expect(problems).not.toEqual([]);
    for (const { where } of problems) expect(where).toMatch(/latchkey\.yaml:[2-4]:\d+/);
  }
  const flow = await problemsOf(`servers: { files: ${SERVER}, files: ${SERVER} }`);
  expect(flow.map(({ where }) => where)).toEqual([expect.stringMatching(/latchkey\.yaml:1:\d+/)]);
  const proto = await problemsOf(fileOf(['files', '__proto__']));
  expect(proto.map(lineOf)).toContain(3);
});

test('POL-28 name collisions over several upstreams: a public URL below a path of the gateway or of the web', async () => {
  const below = [
    '/.well-known',
    '/.well-known/oauth-protected-resource',
    '/.latchkey',
    '/.latchkey/rotate',
    '/%2ewell-known',
  ];
  for (const path of below) {
    const problems = await problemsOf(
      `publicUrl: https://mcp.example${path}\nupstream: { url: "http://127.0.0.1:1/mcp" }\n`,
    );
    expect(problems.map(({ where }) => where)).toEqual([expect.stringMatching(/latchkey\.yaml:1:\d+ publicUrl/)]);
  }
  expect(
    await problemsOf(`publicUrl: https://mcp.example/team\nupstream: { url: "http://127.0.0.1:1/mcp" }\n`),
  ).toEqual([]);
});

test('POL-28 name collisions over several upstreams: nothing starts', async () => {
  const file = join(folder, 'twice.yaml');
  await writeFile(file, `listen: 127.0.0.1:0\n${fileOf(['files', 'Files'])}`);
  const { code, stderr } = await runLatchkey(['run', '--config', file, '--store', join(folder, 'store')]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/E_CONFIG_INVALID .*twice\.yaml:4:\d+ servers\.Files/)]);
});

const tool = (name: string, description: string) => ({ name, description, inputSchema: { type: 'object' } });

test('POL-28 name collisions over several upstreams: the same tool in two servers goes where the path says', async () => {
  const first = await startChangingUpstream({ tools: [tool('same', 'of first'), tool('b__c', 'of first')] });
  const second = await startChangingUpstream({ tools: [tool('same', 'of second'), tool('c', 'of second')] });
  const third = createChangingStdio('modern', { tools: [tool('same', 'of third'), tool('a__b', 'of third')] });
  const spies: Readonly<Record<string, Pick<ChangingUpstream, 'bytes' | 'reset'>>> = {
    a: first,
    'a-b': second,
    ab: third,
  };
  const tools = { same: { scopes: ['s'] }, c: { scopes: ['s'] }, b__c: { scopes: ['s'] }, a__b: { scopes: ['s'] } };
  const gateway = await startLatchkey({
    config: {
      servers: {
        a: { upstream: { url: first.url }, tools },
        'a-b': { upstream: { url: second.url }, tools },
        ab: { upstream: third.upstream, tools: { same: { scopes: ['other'] } } },
      },
    },
  });
  const site = { gateway, spy: first, tokens: { aliceRead: gateway.token } } as unknown as Site;
  const { token } = await gateway.createToken('s', '--scope', 's');

  /** Which servers a call reached. */
  const reached = async (target: string, call: Call): Promise<readonly [number, ...string[]]> => {
    for (const spy of Object.values(spies)) spy.reset();
    const { status } = await send(site, { token, ...call, target });
    await third.settled();
    return [status, ...Object.keys(spies).filter((name) => spies[name]?.bytes() !== '')];
  };
  expect(await reached('/a/mcp', { tool: 'same' })).toEqual([200, 'a']);
  expect(await reached('/a-b/mcp', { tool: 'same' })).toEqual([200, 'a-b']);
  // Rules are of one server, and so is what they let through.
  expect(await reached('/ab/mcp', { tool: 'same' })).toEqual([403]);
  expect(await reached('/ab/mcp', { tool: 'same', token: gateway.token })).toEqual([200, 'ab']);
  expect(await reached('/a/mcp', { tool: 'b__c' })).toEqual([200, 'a']);
  expect(await reached('/a-b/mcp', { tool: 'c' })).toEqual([200, 'a-b']);
  expect(ranBy(await send(site, { token, target: '/a/mcp', tool: 'b__c', args: {} })).ran).toBe('b__c');
  // No other path leads anywhere, and no name of a tool leads to another server.
  for (const path of [
    '/mcp',
    '/A/mcp',
    '/a/mcp/',
    '/a//mcp',
    '/a/b/mcp',
    '/a__b/mcp',
    '/%61/mcp',
    '/a;x/mcp',
    '/a',
    '/ab/../a/mcp',
  ])
    expect(await reached(path, { tool: 'same' })).toEqual([404]);
  for (const name of ['a-b__same', 'a-b/same', 'a-b.same', 'a_same', 'a__same', 'ab:same'])
    expect(await reached('/a/mcp', { tool: name })).toEqual([403]);
  for (const [target, description] of [
    ['/a/mcp', 'of first'],
    ['/a-b/mcp', 'of second'],
  ] as const) {
    const listed = responseOf(await send(site, { ...modernCall('tools/list'), token, target })).result?.['tools'];
    expect(new Set((listed as { description: string }[]).map((each) => each.description))).toEqual(
      new Set([description]),
    );
    const metadata = await send(site, {
      method: 'GET',
      token: null,
      target: `/.well-known/oauth-protected-resource${target}`,
    });
    expect(json(metadata)).toMatchObject({ resource: new URL(target, gateway.url).href });
  }
  // A session belongs to the server it was opened with.
  const opened = await send(site, { ...openCall(), token, target: '/a/mcp' });
  const id = opened.headers.find(([name]) => name === 'mcp-session-id')?.[1] ?? '';
  expect(id).not.toBe('');
  const inSession = legacyCall('tools/call', { name: 'same', arguments: {} }, id);
  expect(await reached('/a/mcp', inSession)).toEqual([200, 'a']);
  for (const path of ['/a-b/mcp', '/ab/mcp']) expect((await reached(path, inSession)).slice(1)).toEqual([]);
  await stopAll(gateway, [first, second, third]);
});

function openCall(): Call {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const call = legacyCall('initialize', params, null);
  return { ...call, headers: { ...call.headers, 'MCP-Protocol-Version': null } };
}

async function stopAll(gateway: Latchkey, spies: readonly { close(): Promise<void> }[]): Promise<void> {
  await gateway.close();
  for (const spy of spies) await spy.close();
}
