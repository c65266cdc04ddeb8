import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { trailRecords } from '../fixtures/trail-files.ts';
import { createStdioSpy } from '../fixtures/stdio-spy.ts';
import { modernCall, send, type Call } from './harness.ts';
import {
  expectGoneSoon,
  legacyTools,
  modernTools,
  namesOf,
  openCall,
  resultOf,
  startToolsSite,
  TOOLS,
  untilHanging,
  type LegacyTools,
  type ToolsSite,
} from './tools-site.ts';

let site: ToolsSite;
beforeAll(async () => void (site = await startToolsSite()));
afterAll(() => site.close());

const TAKEN = 'the tools were replaced';
const KEPT = 'the old tools stay in force';
const CHANGED = 'notifications/tools/list_changed';

/** Waits until the gateway has said that once more than before `act`. */
async function untilSaid(words: string, act: () => unknown): Promise<void> {
  const countOf = (): number => site.gateway.talk().split(words).length;
  const before = countOf();
  await act();
  await expect.poll(countOf, { timeout: 15_000, interval: 50 }).toBeGreaterThan(before);
}

let version = 0;
/** A set of tools unlike every one before: `echo` and one of its own. */
function nextTools(): readonly [tools: readonly object[], added: string] {
  version += 1;
  const added = `added_${version}`;
  return [[TOOLS.echo, { ...TOOLS.echo, name: added }], added];
}

const listModern = async () => namesOf(await send(site, modernTools(site.tokens.admin).list()));

function listenCall(filter: object): Call {
  return { ...modernCall('subscriptions/listen', { notifications: filter }, 'sub'), token: site.tokens.admin };
}

function openSide(voice: LegacyTools) {
  return openCall(site, {
    method: 'GET',
    token: site.tokens.admin,
    headers: { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': voice.session },
  });
}

test('a changed file changes the tools, and listeners of both eras hear of it', async () => {
  const voice = await legacyTools(site);
  const [modern, deaf, legacy] = [
    await openCall(site, listenCall({ toolsListChanged: true, promptsListChanged: true })),
    await openCall(site, listenCall({ promptsListChanged: true })),
    await openSide(voice),
  ];
  const acknowledged = await modern.until(({ method }) => method === 'notifications/subscriptions/acknowledged');
  expect(acknowledged.params?.['notifications']).toEqual({ toolsListChanged: true });
  await legacy.started;
  const [tools, added] = nextTools();
  await untilSaid(TAKEN, () => site.write(tools));
  const told = await modern.until(({ method }) => method === CHANGED);
  expect(told.params?.['_meta']).toEqual({ 'io.modelcontextprotocol/subscriptionId': 'sub' });
  await legacy.until(({ method }) => method === CHANGED);
  expect(await listModern()).toEqual(['echo', added]);
  expect(namesOf(await send(site, voice.list()))).toEqual(['echo', added]);
  expect(resultOf(await send(site, voice.call(added, { text: 'new' }))).text).toBe('new 1');
  expect(deaf.messages.map(({ method }) => method)).not.toContain(CHANGED);
  for (const stream of [modern, deaf, legacy]) stream.leave();
});

test('the trail names the tools that a changed file adds, removes and changes', async () => {
  const [tools, added] = nextTools();
  await untilSaid(TAKEN, () => site.write(tools));
  const [next, other] = nextTools();
  await untilSaid(TAKEN, () => site.write([{ ...TOOLS.echo, description: 'Says it otherwise' }, ...next.slice(1)]));
  expect(trailRecords(site.gateway.store).findLast(({ method }) => method === 'config reload')).toMatchObject({
    principal: 'gateway',
    change: { declaredTools: { added: [other], removed: [added], changed: ['echo'] } },
  });
});

test('a call that runs goes on while its tool is taken away', async () => {
  await untilSaid(TAKEN, () => site.write(Object.values(TOOLS)));
  const call = await openCall(site, modernTools(site.tokens.admin).call('hang', { label: 'reload' }));
  const pids = await untilHanging(site, 'reload');
  const [tools, added] = nextTools();
  await untilSaid(TAKEN, () => site.write(tools));
  expect(await listModern()).toEqual(['echo', added]);
  call.leave();
  await expectGoneSoon(pids);
});

/** Ways in which the file can be bad, by what is wrong. */
const BAD: Readonly<Record<string, (text: string) => unknown>> = {
  'no YAML': (text) => writeFile(site.file, text.replace('[', '[[')),
  'an unknown key': (text) => writeFile(site.file, text.replace('"script"', '"scripts"')),
  'a tool twice': (text) => writeFile(site.file, text.replace(/"added_\d+"/, '"echo"')),
  'half of it': (text) => writeFile(site.file, text.slice(0, text.length / 2)),
  'no action': (text) => writeFile(site.file, text.replace('"shell"', '"unknown"')),
  nothing: () => writeFile(site.file, ''),
  'no file': () => rm(site.file),
  'a folder': async () => {
    await rm(site.file);
    await mkdir(site.file);
  },
};

for (const [what, makeBad] of Object.entries(BAD))
  test(`a bad file keeps the old tools and says where it is wrong: ${what}`, async () => {
    await rm(site.file, { recursive: true, force: true });
    const [tools, added] = nextTools();
    await untilSaid(TAKEN, () => site.write(tools));
    const text = await readFile(site.file, 'utf8');
    const stream = await openCall(site, listenCall({ toolsListChanged: true }));
    await stream.until(({ method }) => method === 'notifications/subscriptions/acknowledged');
    const before = site.gateway.talk().length;
    await untilSaid(KEPT, () => makeBad(text));
    const said = site.gateway.talk().slice(before);
    const located = /gantz\.yaml:\d+:\d+/.test(said);
    expect([what, located]).toEqual([what, !['nothing', 'no file', 'a folder'].includes(what)]);
    expect(said).toContain('gantz.yaml');
    expect(await listModern()).toEqual(['echo', added]);
    expect(resultOf(await send(site, modernTools(site.tokens.admin).call(added, { text: 'old' }))).text).toBe('old 1');
    expect(stream.messages).toHaveLength(1);
    stream.leave();
  });

test('SIGHUP reads the file again, changed or not', async () => {
  await rm(site.file, { recursive: true, force: true });
  const [tools, added] = nextTools();
  await untilSaid(TAKEN, () => site.write(tools));
  await untilSaid(TAKEN, () => process.kill(site.gateway.pid, 'SIGHUP'));
  expect(await listModern()).toEqual(['echo', added]);
});

test('a flood of writes ends with the last of them, and calls are answered all the while', async () => {
  const [tools, added] = nextTools();
  const names = new Set<string>();
  const written = new AbortController();
  const calls = (async () => {
    while (!written.signal.aborted) names.add((await listModern()).join());
  })();
  const before = (await listModern()).join();
  await untilSaid(TAKEN, async () => {
    await site.write(tools);
    const text = await readFile(site.file, 'utf8');
    for (let i = 0; i < 200; i += 1) await writeFile(site.file, i % 2 === 0 ? text.slice(0, i) : '');
    await site.write(tools);
  });
  written.abort();
  await calls;
  expect([before, `echo,${added}`]).toEqual(expect.arrayContaining([...names]));
  expect(await listModern()).toEqual(['echo', added]);
});

test('latchkey.yaml is read with the tools that are in force, whatever their file is in the middle of', async () => {
  const [tools, added] = nextTools();
  await untilSaid(TAKEN, () => site.write(tools));
  await untilSaid(KEPT, () => writeFile(site.file, 'tools: ['));
  const rules = JSON.parse(await readFile(site.gateway.configFile, 'utf8')) as object;
  await untilSaid('the rules were replaced', () =>
    writeFile(site.gateway.configFile, JSON.stringify({ ...rules, tools: { echo: {} } })),
  );
  expect(await listModern()).toEqual(['echo']);
  const answer = await send(site, modernTools(site.tokens.admin).call(added, { text: 'no rule' }));
  expect(answer.status).toBe(403);
});

test('a file whose last role is gone changes nothing: without rules everything would be allowed', async () => {
  const ruled = await startToolsSite([{ ...TOOLS.echo, role: 'reader' }]);
  try {
    await ruled.write([TOOLS.echo, TOOLS.fail]);
    await expect.poll(ruled.gateway.talk, { timeout: 15_000 }).toContain(KEPT);
    expect(namesOf(await send(ruled, modernTools(ruled.tokens.admin).list()))).toEqual(['echo']);
    expect((await send(ruled, modernTools(ruled.tokens.bob).call('echo', { text: 'a' }))).status).toBe(403);
    await ruled.write([{ ...TOOLS.echo, role: 'writer' }, TOOLS.fail]);
    await expect.poll(ruled.gateway.talk, { timeout: 15_000 }).toContain(TAKEN);
    expect(namesOf(await send(ruled, modernTools(ruled.tokens.bob).list()))).toEqual(['fail']);
  } finally {
    await ruled.close();
  }
});

test('a change while the gateway starts is not lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-tools-'));
  const [file, marker] = [join(folder, 'gantz.yaml'), join(folder, 'marker')];
  const write = (name: string): Promise<void> =>
    writeFile(file, JSON.stringify({ name: 'site', tools: [{ name, description: '', script: { shell: 'true' } }] }));
  await write('before');
  const spy = createStdioSpy('modern');
  const slowly = ['sh', '-c', 'echo up > "$0"; sleep 1; exec "$@"', marker, ...spy.upstream.command];
  const servers = { slow: { upstream: { command: slowly } }, declared: { upstream: { tools: file } } };
  const starting = startLatchkey({ config: { servers } });
  await expect.poll(() => existsSync(marker), { interval: 20 }).toBe(true);
  await write('during');
  const gateway = await starting;
  try {
    const list = { ...modernCall('tools/list'), target: '/declared/mcp', token: gateway.token };
    const namesNow = async () => namesOf(await send({ gateway, tokens: { aliceRead: gateway.token } }, list));
    await expect.poll(namesNow).toEqual(['during']);
  } finally {
    await gateway.close();
    await spy.close();
    await rm(folder, { recursive: true });
  }
});
