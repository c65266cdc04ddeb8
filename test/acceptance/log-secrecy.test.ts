import { hash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLatchkey, startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { argumentsOf, descendantsOf, environmentOf } from '../fixtures/processes.ts';
import { exchangeRaw, type RawAnswer } from '../fixtures/raw-http.ts';
import { findSecrets, type Canary } from '../fixtures/secret-forms.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { createStdioSpy, type StdioSpy } from '../fixtures/stdio-spy.ts';
import {
  callBody,
  initializeCall,
  legacyCall,
  META,
  modernCall,
  requestBytes,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

/** A secret that nobody made before, and that no part of this program would write by chance. */
const secretOf = (name: string): Canary => ({
  name,
  text: `${randomBytes(6).toString('hex')}.${randomBytes(24).toString('base64url')}`,
});

const STATIC = secretOf('static token');
const UPSTREAM_ENV = secretOf('upstream header from the environment');
const UPSTREAM_FILE = secretOf('upstream header from a file');
const CHILD = secretOf('secret of the child');
const ARGUMENT = secretOf('argument');
const COOKIE = secretOf('cookie');
const WRONG = secretOf('wrong token');
const WRONG_KEY = secretOf('wrong key');
const BASIC = secretOf('password');
const PROXY = secretOf('proxy credential');
const QUERY = secretOf('token in the query');
const FORM = secretOf('token in a form');
const STATE = secretOf('requestState');
const FRAGMENT = secretOf('secret in a path');
const UNREADABLE = secretOf('secret in a request that is no HTTP');
const PRESENTED = [COOKIE, WRONG, WRONG_KEY, BASIC, PROXY, QUERY, FORM, STATE, FRAGMENT, UNREADABLE, ARGUMENT];

const TOOLS = { echo: { scopes: ['a'] }, write_file: { scopes: ['b'] } };

interface Place {
  readonly gateway: Latchkey;
  readonly site: Site<Spy>;
  readonly issued: Canary[];
  readonly answers: RawAnswer[];
}

let folder: string;
let http: SpyUpstream;
let stdio: StdioSpy;
const places: Place[] = [];
/** What each command said. */
const said: Record<string, string> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-canaries-'));
  writeFileSync(join(folder, 'upstream.key'), `${UPSTREAM_FILE.text}\n`, { mode: 0o600 });
  http = await startSpyUpstream();
  stdio = createStdioSpy('legacy');
  const headers = { Authorization: { env: 'UP_KEY' }, 'X-Inner-Key': { file: join(folder, 'upstream.key') } };
  const upstreams = [
    { url: http.url, headers },
    { ...stdio.upstream, env: { CHILD_KEY: { env: 'CHILD_SECRET' } } },
  ];
  for (const upstream of upstreams) {
    const gateway = await startLatchkey({
      config: {
        upstream,
        tools: TOOLS,
        limits: { failedPerAddress: '10000/min' },
        auth: { static: { env: 'STATIC', scopes: ['a'] } },
      },
      env: { LATCHKEY_LOG: 'debug', UP_KEY: UPSTREAM_ENV.text, CHILD_SECRET: CHILD.text, STATIC: STATIC.text },
    });
    const site = { gateway, spy: http, tokens: {}, apiKey: '', close: async () => {} } as unknown as Site<Spy>;
    const place: Place = { gateway, site, issued: [], answers: [] };
    places.push(place);
    await useEverything(place);
  }
}, 180_000);
afterAll(async () => {
  for (const { gateway } of places) await gateway.close();
  await http.close();
  await stdio.close();
  rmSync(folder, { recursive: true });
});

/** Commands that make and end credentials, and requests of every kind, each with its secrets. */
async function useEverything({ gateway, site, issued, answers }: Place): Promise<void> {
  const issue = (name: string, text: string, prefix: string): string => {
    issued.push({ name, text, shown: prefix.length + 4 });
    return text;
  };
  const alice = issue('token', (await gateway.createToken('alice', '--scope', 'a')).token, 'lk_');
  const rotated = JSON.parse(await gateway.command('token', 'rotate', 'alice', '--json')) as { token: string };
  const successor = issue('successor', rotated.token, 'lk_');
  const made = ['key', 'create', 'robot', '--owner', 'Ada', '--scope', 'a', '--json'];
  const key = issue('API key', (JSON.parse(await gateway.command(...made)) as { key: string }).key, 'lkk_');
  const ask = async (call: Call): Promise<RawAnswer> => {
    const [answer] = await exchangeRaw(gateway.url, requestBytes(site, { token: successor, ...call }));
    answers.push(answer as RawAnswer);
    return answer as RawAnswer;
  };
  const good: readonly Call[] = [
    {},
    { token: alice },
    { token: STATIC.text },
    { token: null, headers: { 'X-API-Key': key } },
    { args: { text: 'x', password: ARGUMENT.text } },
    { tool: 'write_file', args: { [ARGUMENT.text]: 1 } },
    { headers: { Cookie: `session=${COOKIE.text}`, 'Proxy-Authorization': `Bearer ${PROXY.text}` } },
    { target: `/mcp?access_token=${QUERY.text}` },
    modernCall('tools/list'),
    modernCall('tools/call', { name: 'echo', arguments: {}, requestState: STATE.text }),
  ];
  const bad: readonly Call[] = [
    { token: WRONG.text },
    { token: `${successor.slice(0, -1)}_` },
    { token: null, headers: { 'X-API-Key': WRONG_KEY.text } },
    { token: null, headers: { Authorization: `Basic ${Buffer.from(`u:${BASIC.text}`).toString('base64')}` } },
    { headers: { 'X-API-Key': WRONG_KEY.text } },
    { headers: { Authorization: [`Bearer ${successor}`, `Bearer ${WRONG.text}`] } },
    { token: null, target: `/mcp?token=${QUERY.text}` },
    {
      token: null,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `access_token=${FORM.text}`,
    },
    { target: `/${FRAGMENT.text}`, method: 'GET', body: null },
    { method: 'GET', target: `/.well-known/oauth-protected-resource/mcp?x=${QUERY.text}` },
    { headers: { 'Mcp-Name': ARGUMENT.text } },
    { body: callBody({ args: { text: ARGUMENT.text } }).slice(0, -2) },
    { body: callBody({ meta: { ...META, 'io.modelcontextprotocol/protocolVersion': ARGUMENT.text } }) },
    { ...legacyCall('tools/call', { name: 'echo', arguments: { text: ARGUMENT.text } }, COOKIE.text) },
  ];
  for (const call of [...good, ...bad]) await ask(call);
  const opened = await ask(initializeCall());
  const session = opened.headers.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1] ?? '';
  issued.push({ name: 'session id', text: session });
  await ask(legacyCall('tools/call', { name: 'echo', arguments: { text: ARGUMENT.text } }, session, 2));
  const taken = JSON.parse((await ask({ target: '/.latchkey/rotate', body: '' })).body) as { token: string };
  issue('token taken over the network', taken.token, 'lk_');
  answers.splice(
    answers.findIndex(({ body }) => body.includes(taken.token)),
    1,
  );
  await exchangeRaw(gateway.url, `GET /mcp ${UNREADABLE.text}\r\nAuthorization: Bearer ${UNREADABLE.text}\r\n\r\n`);
  await gateway.command('key', 'revoke', 'robot');
  await ask({ token: null, headers: { 'X-API-Key': key } });
}

const everything = ({ issued }: Place): readonly Canary[] => [
  ...issued,
  ...PRESENTED,
  STATIC,
  UPSTREAM_ENV,
  UPSTREAM_FILE,
  CHILD,
];

function filesOf(store: string): Readonly<Record<string, Buffer>> {
  const names = readdirSync(store, { recursive: true }) as string[];
  const files = names.filter((name) => statSync(join(store, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(store, name))]));
}

test('LOG-01 Canary secrets: not in the program’s log at the level debug, nor in the trail', async () => {
  for (const place of places) {
    const { gateway } = place;
    await expect
      .poll(() => gateway.command('trail', '--json', '--limit', '10000'), { timeout: 10_000 })
      .toContain('"key revoke"');
    const trail = await gateway.command('trail', '--json', '--limit', '10000');
    const digests = place.issued.map(({ name, text }) => ({ name: `digest of ${name}`, text: hash('sha256', text) }));
    expect(findSecrets({ log: gateway.talk(), trail }, [...everything(place), ...digests])).toEqual([]);
    expect(trail.split('\n').length).toBeGreaterThan(25);
  }
});

test('LOG-01 Canary secrets: not in the store’s files, the write-ahead log among them', () => {
  for (const place of places) {
    const files = filesOf(place.gateway.store);
    expect(Object.keys(files)).toContain('credentials.db-wal');
    expect(findSecrets(files, everything(place))).toEqual([]);
    // What is kept of a credential is its digest, and that is there: so these files are the right ones.
    const all = Buffer.concat(Object.values(files)).toString('latin1');
    for (const { name, text } of place.issued.filter((each) => each.name !== 'session id')) {
      expect({ name, kept: all.includes(hash('sha256', text)) }).toEqual({ name, kept: true });
    }
  }
});

test('LOG-01 Canary secrets: not in what callers are answered', () => {
  for (const place of places) {
    expect(place.answers.length).toBeGreaterThan(20);
    const refused = place.answers.filter(({ status }) => status >= 400);
    expect(refused.length).toBeGreaterThan(10);
    // A caller sees its own version and session again; of the arguments, the upstream’s answer to a good call alone.
    const own = ['argument', 'session id'];
    const canaries = everything(place).filter(({ name }) => !own.includes(name));
    expect(findSecrets({ answers: JSON.stringify(place.answers) }, canaries)).toEqual([]);
  }
});

test(
  'LOG-01 Canary secrets: not in what commands print, but for the one that was made',
  { timeout: 180_000 },
  async () => {
    for (const place of places) {
      const { gateway } = place;
      const commands = [
        ['token', 'list', '--all'],
        ['token', 'list', '--all', '--json'],
        ['token', 'show', 'alice', '--json'],
        ['key', 'list', '--all', '--json'],
        ['key', 'usage', '--all'],
        ['trail', '--limit', '10000'],
        ['trail', 'verify'],
      ];
      for (const words of commands) said[words.join(' ')] = await gateway.command(...words);
      const env = { UP_KEY: UPSTREAM_ENV.text, CHILD_SECRET: CHILD.text, STATIC: STATIC.text, LATCHKEY_LOG: 'debug' };
      const file = ['--config', gateway.configFile];
      for (const words of [
        ['config', 'show'],
        ['config', 'show', '--json'],
        ['config', 'check'],
        ['policy', 'check'],
      ]) {
        const { code, stdout, stderr } = await runLatchkey([...words, ...file], env);
        expect([words, code]).toEqual([words, 0]);
        said[words.join(' ')] = stdout + stderr;
      }
      expect(findSecrets(said, everything(place))).toEqual([]);
      expect(said['token show alice --json']).toContain(`"hint":"${place.issued[0]?.text.slice(0, 7)}"`);
    }
  },
);

test('LOG-01 Canary secrets: not in any argument list, and in no environment but that of whom they are for', () => {
  let given = 0;
  for (const place of places) {
    const children = descendantsOf(place.gateway.pid);
    const lines = Object.fromEntries(
      [place.gateway.pid, ...children.map(({ pid }) => pid)].map((pid) => [pid, argumentsOf(pid).join(' ')]),
    );
    expect(findSecrets(lines, everything(place))).toEqual([]);
    for (const { pid } of children) {
      const environment = environmentOf(pid);
      if (environment.get('CHILD_KEY') === CHILD.text) given += 1;
      const text = [...environment].filter(([name]) => name !== 'CHILD_KEY').join('\n');
      expect(findSecrets({ environment: text }, everything(place))).toEqual([]);
    }
  }
  expect(given).toBeGreaterThan(0);
  // Where they do stand, in the environment they were given in, the same look finds them.
  const own = [...environmentOf(places[0]?.gateway.pid ?? 0).values()].join('\n');
  expect(findSecrets({ own }, [STATIC, UPSTREAM_ENV])).toContain(`own: ${STATIC.name}, raw`);
});

function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text, { mode });
  return join(folder, name);
}

test('LOG-01 Canary secrets: not in errors about them', async () => {
  const secret = secretOf('misplaced secret');
  const yaml = (text: string): readonly string[] => [
    'run',
    '--json',
    '--listen',
    '127.0.0.1:0',
    '--config',
    write('bad.yaml', text),
  ];
  const up = (headers: object): string => JSON.stringify({ upstream: { url: http.url, headers } });
  const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
    [['run', '--upstream', http.url], { MCP_AUTH_TOKENS: `${STATIC.text},${secret.text.slice(0, 12)}` }],
    [['run', '--upstream', http.url], { MCP_AUTH_TOKENS: `${secret.text},${secret.text}` }],
    [yaml(up({ Authorization: `Bearer ${secret.text}\n` })), {}],
    [yaml(up({ Authorization: [secret.text] })), {}],
    [yaml(up({ Authorization: { env: secret.text.slice(0, 5), value: secret.text } })), {}],
    [yaml(up({ Authorization: { file: write('open.key', secret.text, 0o644) } })), {}],
    [yaml(`upstream:\n  url: ${http.url}\n  headers:\n    Authorization: Bearer ${secret.text}\n   bad: [`), {}],
    [['run', '--upstream', `http://user:${secret.text}@127.0.0.1:1/mcp`], {}],
    [
      yaml(
        JSON.stringify({
          upstream: { url: http.url },
          tls: { cert: write('c.pem', secret.text), key: write('k.pem', secret.text) },
        }),
      ),
      {},
    ],
    [['connect', 'curl', '--token-file', write('t', `${secret.text} ${secret.text}`)], {}],
    [['token', 'show', 'x', '--store', write('no-folder', secret.text)], {}],
  ];
  for (const [args, env] of cases) {
    const { code, stdout, stderr } = await runLatchkey(args, {
      LATCHKEY_LOG: 'debug',
      LATCHKEY_STORE: join(folder, 'unused'),
      ...env,
    });
    // Null would mean that it had to be stopped.
    expect({ args, code, stderr }).toMatchObject({ args, code: expect.any(Number) });
    expect(findSecrets({ [args.join(' ').replaceAll(secret.text, '…')]: stdout + stderr }, [secret, STATIC])).toEqual(
      [],
    );
  }
}, 120_000);
