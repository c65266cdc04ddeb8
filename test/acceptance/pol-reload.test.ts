import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trailRecords } from '../fixtures/trail-files.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { expectUpstreamUntouched, send, type Site } from './harness.ts';

const RULES = { echo: { scopes: ['file:read'] }, delete_all: { deny: true } };

let spy: SpyUpstream;
let gateway: Latchkey;
let site: Site;
let file: string;
beforeAll(async () => {
  spy = await startSpyUpstream();
  gateway = await startLatchkey({ config: { upstream: { url: spy.url }, tools: RULES } });
  site = { gateway, spy, tokens: { aliceRead: gateway.token } } as unknown as Site;
  file = gateway.configFile;
});
afterAll(async () => {
  await gateway.close();
  await spy.close();
});

let version = 0;
/** A sound configuration unlike every one before. */
function textOf(tools: object = RULES, more: object = {}): string {
  version += 1;
  const rules = { ...tools, [`version_${version}`]: { deny: true } };
  return JSON.stringify({ upstream: { url: spy.url }, tools: rules, store: gateway.store, ...more }, null, 1);
}

const countOf = (words: string): number => gateway.talk().split(words).length;
const REPLACED = 'the rules were replaced';
const KEPT = 'the old rules stay in force';

/** Waits until the gateway has said that once more than before `act`. */
async function untilSaid(words: string, act: () => unknown): Promise<void> {
  const before = countOf(words);
  await act();
  await expect.poll(() => countOf(words), { timeout: 15_000, interval: 50 }).toBeGreaterThan(before);
}

const put = async (text: string | Buffer): Promise<void> => {
  await rm(file, { recursive: true, force: true });
  await writeFile(file, text);
};

async function expectOldRules(): Promise<void> {
  expect((await send(site)).status).toBe(200);
  await expectUpstreamUntouched(site, async () => {
    for (const call of [{ tool: 'delete_all' }, { tool: 'write_file' }])
      expect([call.tool, (await send(site, call)).status]).toEqual([call.tool, 403]);
    expect((await send(site, { token: null })).status).toBe(401);
  });
}

/** Ways in which the file can be bad, by what is wrong. */
const BAD: Readonly<Record<string, () => unknown>> = {
  'no YAML': () => writeFile(file, 'tools: {'),
  'an unknown key': () => writeFile(file, textOf({ ...RULES, delete_all: { denied: true } })),
  'a bad condition': () => writeFile(file, textOf({ ...RULES, echo: { when: 'args.' } })),
  'a rule that can never match': () => writeFile(file, textOf({ '*': {}, 'delete_*': { deny: true } })),
  'two documents': () => writeFile(file, `${textOf()}\n---\n${textOf()}`),
  'half of it': () => writeFile(file, textOf().slice(0, 120)),
  'half of it, which is sound': () => writeFile(file, `upstream: { url: "${spy.url}" }\n`),
  'half of it, which is sound, with empty rules': () => writeFile(file, `upstream: { url: "${spy.url}" }\ntools: {}\n`),
  'a comment alone': () => writeFile(file, '# tools\n'),
  nothing: () => writeFile(file, ''),
  'white space': () => writeFile(file, '\n\n  \n'),
  null: () => writeFile(file, 'null\n'),
  'a list': () => writeFile(file, '[]\n'),
  zeros: () => writeFile(file, Buffer.alloc(4096)),
  'another encoding': () => writeFile(file, Buffer.from(textOf(), 'utf16le')),
  'a byte-order mark': () => writeFile(file, `\u{feff}${textOf()}`),
  'broken UTF-8': () => writeFile(file, Buffer.concat([Buffer.from(textOf()), Buffer.from([0x23, 0xc3, 0x28])])),
  'too much': () => writeFile(file, `${textOf()}${' '.repeat(1024 * 1024)}`),
  'no file': () => rm(file),
  'a folder': async () => {
    await rm(file);
    await mkdir(file);
  },
  'a pipe': async () => {
    await rm(file);
    execFileSync('mkfifo', [file]);
  },
  'a link to nothing': () => turnLink('nowhere.yaml'),
  'a link to a folder': () => turnLink('.'),
  'a link to itself': () => turnLink('latchkey.yaml'),
  'a link below a file': () => turnLink('latchkey.bad/x'),
  'a link to a bad file': async () => {
    await writeFile(`${file}.bad`, 'tools: [');
    await turnLink('latchkey.yaml.bad');
  },
};

/** Turns the file into a link at once, as a deployment does. */
async function turnLink(target: string): Promise<void> {
  await symlink(target, `${file}.link`);
  await rm(file, { recursive: true, force: true });
  await rename(`${file}.link`, file);
}

for (const [what, makeBad] of Object.entries(BAD))
  test(`POL-31 policy reload: ${what}`, async () => {
    await untilSaid(REPLACED, () => put(textOf()));
    await untilSaid(KEPT, makeBad);
    await expectOldRules();
  });

test('POL-31 policy reload: it goes on from there', async () => {
  await untilSaid(REPLACED, () => put(textOf()));
  await untilSaid(KEPT, () => rm(file, { recursive: true, force: true }));
  await untilSaid(REPLACED, () => put(textOf({ ...RULES, write_file: {} })));
  expect((await send(site, { tool: 'write_file' })).status).toBe(200);
  await untilSaid(REPLACED, () => put(textOf()));
  await expectOldRules();
});

test('POL-31 policy reload: a link that is swapped while calls come', async () => {
  const folder = join(file, '..');
  const texts = [textOf(), 'tools: {', textOf({ ...RULES, write_file: {} }), '', textOf()];
  await Promise.all(texts.map((text, at) => writeFile(join(folder, `v${at}.yaml`), text)));
  const statuses = new Set<number>();
  await untilSaid(REPLACED, () => turnLink('v0.yaml'));
  await untilSaid(KEPT, () => turnLink('v1.yaml'));
  await expectOldRules();
  await untilSaid(REPLACED, () => turnLink('v2.yaml'));
  expect((await send(site, { tool: 'write_file' })).status).toBe(200);
  await untilSaid(KEPT, () => turnLink('v3.yaml'));
  expect((await send(site, { tool: 'write_file' })).status).toBe(200);
  await untilSaid(REPLACED, async () => {
    await turnLink('v4.yaml');
    for (let i = 0; i < 20; i += 1) statuses.add((await send(site, { tool: 'delete_all' })).status);
  });
  expect([...statuses]).toEqual([403]);
  await expectOldRules();
});

test('POL-31 policy reload: a flood of writes', async () => {
  await untilSaid(REPLACED, () => put(textOf()));
  const wanted = textOf({ ...RULES, write_file: {} });
  const denied = new Set<number>();
  const allowed = new Set<number>();
  spy.reset();
  const written = new AbortController();
  const calls = (async () => {
    while (!written.signal.aborted) {
      denied.add((await send(site, { tool: 'delete_all' })).status);
      allowed.add((await send(site)).status);
    }
  })();
  await untilSaid(REPLACED, async () => {
    for (let i = 0; i < 300; i += 1) {
      const half = textOf().slice(0, i % 200);
      await writeFile(file, i % 3 === 0 ? '' : i % 3 === 1 ? half : `upstream: { url: "${spy.url}" }`);
      if (i % 10 === 0) await sleep(5);
    }
    await writeFile(file, wanted);
  });
  written.abort();
  await calls;
  expect([[...denied], [...allowed]]).toEqual([[403], [200]]);
  expect(spy.bytes()).not.toContain('delete_all');
  expect((await send(site, { tool: 'write_file' })).status).toBe(200);
  await untilSaid(REPLACED, () => put(textOf()));
});

const reloads = async () =>
  trailRecords(gateway.store).filter(({ method }) => method === 'config reload') as readonly {
    readonly change: unknown;
  }[];

test('POL-31 policy reload: the trail has what was changed, and nothing where nothing was', async () => {
  await untilSaid(REPLACED, () => put(textOf()));
  const last = `tools.version_${version}`;
  await untilSaid(REPLACED, () =>
    put(textOf({ echo: { scopes: ['file:write'] }, 'write_*': { when: 'args.path == "hush"' } })),
  );
  const next = `tools.version_${version}`;
  const before = await reloads();
  expect(before.at(-1)).toMatchObject({
    principal: 'gateway',
    target: file,
    decision: 'allow',
    requestId: null,
    change: {
      rules: { added: ['tools.write_*', next], removed: ['tools.delete_all', last], changed: ['tools.echo'] },
      declaredTools: { added: [], removed: [], changed: [] },
    },
  });
  expect(JSON.stringify(before)).not.toContain('hush');
  await untilSaid(REPLACED, () => process.kill(gateway.pid, 'SIGHUP'));
  await untilSaid(KEPT, () => writeFile(file, 'tools: {'));
  expect(await reloads()).toEqual(before);
  expect(await gateway.command('trail')).toContain(
    `added tools.write_*, ${next}; removed tools.delete_all, ${last}; changed tools.echo`,
  );
  expect(await gateway.command('trail', 'verify')).toContain('ok');
  await untilSaid(REPLACED, () => put(textOf()));
});

test('POL-31 policy reload: nothing but rules changes, so no file turns the lock off', async () => {
  for (const more of [
    { auth: { enabled: false } },
    { auth: { anonymous: { scopes: ['file:read'] } } },
    { auth: { static: { env: 'HOME' } } },
    { upstream: { url: 'http://127.0.0.1:1/mcp' } },
    { limits: { bodyBytes: '10B' } },
  ]) {
    await untilSaid(REPLACED, () => put(textOf(RULES, more)));
    await expectOldRules();
    const [key = ''] = Object.keys(more);
    expect(gateway.talk()).toMatch(new RegExp(`"settings":\\[[^\\]]*"${key}`));
  }
  expect(gateway.talk()).toMatch(/latchkey\.yaml:\d+:\d+/);
});
