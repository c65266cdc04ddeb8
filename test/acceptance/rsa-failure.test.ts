import { DatabaseSync } from 'node:sqlite';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { expectDiscreet } from './challenge.ts';
import { callsSeen, expectRefused, modernCall, openSession, send, startSite, type Site } from './harness.ts';

let folder: string;
let spy: SpyUpstream;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-rsa-'));
  spy = await startSpyUpstream();
});
afterAll(async () => {
  await spy.close();
  await rm(folder, { recursive: true });
});

let starts = 0;

interface Start {
  /** Text as it is, or what becomes JSON, which is YAML too. */
  readonly config?: string | object;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Stands nowhere in what the program says. */
  readonly secret?: string;
}

/** The program ends before it listens: with an exit code, one code of error, and a hint, on standard error alone. */
async function expectNoStart(
  code: string,
  { config = {}, env = {}, args = [], secret = 'S3cret' }: Start,
): Promise<void> {
  starts += 1;
  const own = join(folder, `start-${starts}`);
  await mkdir(own);
  const file = join(own, 'latchkey.yaml');
  const whole = { listen: '127.0.0.1:0', store: join(own, 'store'), upstream: { url: spy.url } };
  await writeFile(file, typeof config === 'string' ? config : JSON.stringify({ ...whole, ...config }));
  spy.reset();
  const ended = await runLatchkey(['run', '--json', '--config', file, ...args], env, 20_000);
  expect(ended).toMatchObject({ stdout: '', code: code.startsWith('E_STORE') || code === 'E_TLS' ? 1 : 2 });
  const [first = '', ...rest] = ended.stderr.trimEnd().split('\n');
  expect(first).toMatch(new RegExp(`^latchkey: ${code} \\S`));
  expect(rest.filter((line) => line.startsWith('  hint: '))).toHaveLength(1);
  expect(rest.length).toBeLessThan(5);
  expect(ended.stderr).not.toMatch(/^\s+at |node:internal|\.js:\d+/m);
  expect(ended.stderr).not.toContain(secret);
  expect(spy.bytes()).toBe('');
}

const header = (Authorization: object): object => ({ upstream: { url: spy.url, headers: { Authorization } } });
const strong = 'Kq7w2ZtR9vXs4LmB8nYc';

test('RSA-35 Fail closed at start: tokens from the environment', async () => {
  const weak = {
    '': undefined,
    '   ': undefined,
    ',': undefined,
    [`${strong},`]: strong,
    [`,${strong}`]: strong,
    [`${strong},${strong}`]: strong,
    'your-token-here-change-me': undefined,
    'changeme,changeme2': undefined,
    'short-Kq7w2Z': 'short-Kq7w2Z',
    aaaaaaaaaaaaaaaaaaaaaaaaaaaa: 'aaaaaaa',
    '01234567890123456789': '01234567890123456789',
    passwordpasswordpassword: 'passwordpassword',
    '${MCP_AUTH_TOKENS}': undefined,
    '<your-secret-token-goes-here>': undefined,
    [`${strong}\u00e9`]: strong,
    [`two words ${strong}`]: strong,
  };
  for (const [text, secret] of Object.entries(weak)) {
    const code = text === '' ? '(?:E_CREDENTIAL_WEAK|E_SECRET_MISSING)' : 'E_CREDENTIAL_WEAK';
    await expectNoStart(code, { env: { MCP_AUTH_TOKENS: text }, ...(secret === undefined ? {} : { secret }) });
  }
  await expectNoStart('E_SECRET_MISSING', { config: { auth: { static: { env: 'TOKENS_THAT_NOBODY_SET' } } } });
});

test('RSA-35 Fail closed at start: secrets and key files', async () => {
  const shared = join(folder, 'open.key');
  await writeFile(shared, 'S3cretOfTheUpstream', { mode: 0o644 });
  const empty = join(folder, 'empty.key');
  await writeFile(empty, '', { mode: 0o600 });
  const cases: Start[] = [
    { config: header({ env: 'SECRET_THAT_NOBODY_SET' }) },
    { config: header({ env: 'EMPTY_SECRET' }), env: { EMPTY_SECRET: '' } },
    { config: header({ file: join(folder, 'nowhere.key') }) },
    { config: header({ file: folder }) },
    { config: header({ file: shared }), secret: 'S3cretOfTheUpstream' },
    { config: header({ file: empty }) },
    { config: { upstream: { command: [process.execPath], env: { KEY: { env: 'SECRET_THAT_NOBODY_SET' } } } } },
  ];
  for (const each of cases) await expectNoStart('E_SECRET_MISSING', each);
  await writeFile(join(folder, 'bad.pem'), '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n');
  const bad = join(folder, 'bad.pem');
  for (const tls of [
    { cert: join(folder, 'nowhere.pem'), key: join(folder, 'nowhere.key') },
    { cert: bad, key: folder },
    { cert: bad, key: bad },
    { cert: empty, key: empty },
  ])
    await expectNoStart('E_TLS', { config: { tls } });
  const url = 'https://127.0.0.1:1';
  const client = { id: 'gateway', auth: 'none' };
  for (const ca of [join(folder, 'no.pem'), empty])
    for (const upstream of [
      { url, tls: { ca } },
      { url, auth: { clientCredentials: { issuer: url, client }, tls: { ca } } },
    ])
      await expectNoStart('E_TLS', { config: { upstream } });
});

test('RSA-35 Fail closed at start: invalid policy', async () => {
  const policies: object[] = [
    { tools: { echo: { scopes: 'file:read' } } },
    { tools: { echo: { scope: ['file:read'] } } },
    { tools: { echo: { scopes: ['file read'] } } },
    { tools: { echo: { scopes: ['*'] } } },
    { tools: { echo: { when: 'args.' } } },
    { tools: { echo: { when: 'no_such_function(args)' } } },
    { tools: { echo: { when: 'args.a' } } },
    { tools: { echo: { when: 'args.a.matches("(a)\\\\1")' } } },
    { tools: { echo: { when: 'args.a.matches(args.b)' } } },
    { tools: { echo: { when: 'args.a.all(x, args.a.all(y, x == y))' } } },
    { tools: { echo: { when: 'principal.nobody == "x"' } } },
    { tools: { '*': {}, echo: { scopes: ['x'] }, 'e*': {} } },
    { tools: { '': {} } },
    { tools: ['echo'] },
    { tools: { echo: null } },
    { tool: { echo: {} } },
    { scopes: { admin: { imply: ['a'] } } },
    { list: 'everything' },
    { auth: { enabled: 'yes' } },
    { auth: { unknownTokenStatus: 200 } },
    { limits: { failedPerAddress: 'unlimited' } },
  ];
  for (const config of policies) await expectNoStart('E_CONFIG_INVALID', { config });
});

test('RSA-35 Fail closed at start: invalid YAML', async () => {
  const texts = [
    'upstream: {url: "http://127.0.0.1:1/mcp"\n',
    'upstream:\n\turl: x\n',
    'a: &a [*a]\n',
    'tools: {echo: {scopes: [x]}}\ntools: {}\n',
    'upstream: !!js/function "x"\n',
    '- a list\n',
    'just text\n',
    '\0',
    '%YAML 9.9\n---\n---\n',
  ];
  for (const config of texts) await expectNoStart('E_CONFIG_INVALID', { config });
  await expectNoStart('E_CONFIG_MISSING', { args: ['--config', join(folder, 'nowhere.yaml')] });
});

test('RSA-35 Fail closed at start: exposure and store', async () => {
  await expectNoStart('E_(?:CONFIG_INVALID|ADDRESS_REFUSED)', { config: { listen: '0.0.0.0:0' } });
  await expectNoStart('E_AUTH_OFF', { config: { auth: { enabled: false }, publicUrl: 'https://mcp.example' } });
  for (const text of ['not a database at all, but long enough to be read as one', '\0'.repeat(8192)]) {
    const store = join(folder, `store-${text.length}`);
    await mkdir(store, { mode: 0o700 });
    await writeFile(join(store, 'credentials.db'), text, { mode: 0o600 });
    await expectNoStart('E_STORE_(?:DAMAGED|UNREADABLE)', { config: { store } });
    expect(await readFile(join(store, 'credentials.db'), 'utf8')).toBe(text);
  }
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  await expectNoStart('E_STORE_UNREADABLE', { config: { store: file } });
});

/** Overwrites every byte of the store's files where they are, as a failing disk would. */
async function destroy(site: Site, ...names: readonly string[]): Promise<void> {
  for (const name of await readdir(site.gateway.store)) {
    if (!names.includes(name)) continue;
    const path = join(site.gateway.store, name);
    const handle = await open(path, 'r+');
    await handle.write(Buffer.alloc((await stat(path)).size, 0xa5), 0, null, 0);
    await handle.close();
  }
}

test('RSA-36 Auth outage fails closed: token store unreadable', async () => {
  const site = await startSite({ limits: { failedPerAddress: '100000/min' } });
  const { token } = await site.gateway.createToken('late', '--scope', 'file:read');
  await destroy(site, 'credentials.db', 'credentials.db-wal');
  for (const call of [
    { token },
    { token: site.tokens.bob },
    { ...modernCall('tools/list'), token },
    { token: site.apiKey },
  ]) {
    const answer = await expectRefused(site, call, [401, 503]);
    expectDiscreet(site, answer);
  }
  await expectRefused(site, { token: null }, 401);
  await site.gateway.close();
  await site.spy.close();
});

test('RSA-36 Auth outage fails closed: token store unreadable, exchange', async () => {
  const site = await startSite();
  const { token } = await site.gateway.createToken('late', '--scope', 'file:read');
  await destroy(site, 'credentials.db', 'credentials.db-wal');
  await expectRefused(site, { method: 'POST', target: '/.latchkey/rotate', token, body: null }, [401, 503]);
  await site.gateway.close();
  await site.spy.close();
});

test('RSA-36 Auth outage fails closed: token store of another shape', async () => {
  const site = await startSite();
  expect((await send(site)).status).toBe(200);
  const db = new DatabaseSync(join(site.gateway.store, 'credentials.db'));
  db.exec('ALTER TABLE credentials RENAME TO elsewhere');
  // Known before or not: what cannot be looked up now is let in no more.
  for (const token of [site.tokens.aliceRead, site.tokens.bob, site.apiKey])
    await expectRefused(site, { token }, [401, 503]);
  // And the other way round it comes back by itself.
  db.exec('ALTER TABLE elsewhere RENAME TO credentials');
  db.close();
  expect((await send(site)).status).toBe(200);
  await site.close();
});

/** Turns the folder of the trail into a file, in which nothing can be opened, and waits until that is found out. */
async function blockTrail(site: Site): Promise<string> {
  const trails = join(site.gateway.store, 'trail');
  expect((await send(site)).status).toBe(200);
  await expect.poll(() => readdir(trails)).toHaveLength(1);
  await rm(trails, { recursive: true });
  await writeFile(trails, '');
  // One request goes by while the failure is found out.
  await send(site);
  await expect.poll(async () => (await send(site)).status).toBe(503);
  return trails;
}

test('RSA-36 Auth outage fails closed: trail that cannot be written', async () => {
  const site = await startSite();
  const trails = await blockTrail(site);
  const answer = await expectRefused(site, {}, 503);
  expectDiscreet(site, answer);
  await expectRefused(site, { token: null }, [401, 503]);
  await rm(trails);
  await mkdir(trails);
  await expect.poll(async () => (await send(site)).status, { timeout: 15_000 }).toBe(200);
  await site.close();
});

const READINESS = { method: 'GET', target: '/readyz', token: null } as const;

/** Who asks whether it can take requests is told that it cannot, and nothing of the store. */
async function expectUnready(site: Site): Promise<void> {
  const { body } = await expectRefused(site, READINESS, 503);
  expect(JSON.parse(body)).toEqual({ status: 'store unavailable' });
}

test('RSA-36 Auth outage fails closed: readiness, token store unreadable', async () => {
  const site = await startSite();
  await site.gateway.createToken('late', '--scope', 'file:read');
  await destroy(site, 'credentials.db', 'credentials.db-wal');
  await expectUnready(site);
  await site.gateway.close();
  await site.spy.close();
});

test('RSA-36 Auth outage fails closed: readiness, token store of another shape', async () => {
  const site = await startSite();
  const db = new DatabaseSync(join(site.gateway.store, 'credentials.db'));
  db.exec('ALTER TABLE credentials RENAME TO elsewhere');
  await expectUnready(site);
  db.exec('ALTER TABLE elsewhere RENAME TO credentials');
  db.close();
  expect((await send(site, READINESS)).status).toBe(200);
  await site.close();
});

test('RSA-36 Auth outage fails closed: readiness, trail that cannot be written', async () => {
  const site = await startSite();
  const trails = await blockTrail(site);
  const { body } = await expectRefused(site, READINESS, 503);
  expect(body).not.toContain(trails);
  await site.close();
});

test('RSA-36 Auth outage fails closed: conditions that cannot be judged', async () => {
  const when = [
    'args.path.startsWith("/data/")',
    'args.n / args.d == 1',
    'args.list[3] == 1',
    'args.text == "hi" && args.more == 1',
  ];
  const tools = Object.fromEntries(when.map((text, at) => [`tool_${at}`, { when: text }]));
  const site = await startSite({ tools: { ...tools, echo: { scopes: ['file:read'] } } });
  const args = [
    {},
    { path: 1 },
    { path: null },
    { n: 1, d: 0 },
    { n: '1', d: [] },
    { list: [] },
    { list: 'aaaa' },
    { text: 'hi' },
  ];
  for (const tool of Object.keys(tools))
    for (const each of args) await expectRefused(site, { tool, args: each }, [401, 403, 503]);
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool_0","arguments":{"path":"/data/a","path":"/etc"}}}`;
  await expectRefused(site, { tool: 'tool_0', body }, [400, 403]);
  const session = await openSession(site);
  expect(session).toMatch(/^[\x21-\x7e]+$/);
  expect(callsSeen(site)).toEqual([]);
  await site.close();
});
