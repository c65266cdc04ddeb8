import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LatchkeyError } from '../core/error.ts';
import { loadConfig, requireConfig } from './load-config.ts';
import type { LoadOptions } from './load-config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const load = (text: string, more: Partial<LoadOptions> = {}) =>
  loadConfig({ text, file: 'a.yaml', env: { HOME: '/home/x' }, directory: '/srv', ...more });
const wrong = (text: string, more: Partial<LoadOptions> = {}) =>
  load(text, more).problems.map(({ code, where }) => `${code} ${where}`);

const codes = (file: string) => loadConfig({ file, env: {} }).problems.map(({ code }) => code);

function codeOf(text: string): unknown {
  try {
    requireConfig({ text, env: {} });
    return null;
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : error;
  }
}

function fileOf(content: string | Uint8Array): string {
  const file = path.join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, content);
  return file;
}

const FULL = `
listen: "[::1]:9000"
publicUrl: https://MCP.example.com/
upstream: { command: [npx, -y, server, ./data], cwd: sub, env: { KEY: { env: KEY }, MODE: plain, F: { file: f } } }
protocol: modern
tools:
  read_*: { scopes: [file:read] }
  write_file: { scopes: [file:write], when: args.path.startsWith("/data/"), limit: 10/min }
  secret_tool: { hidden: true }
resources: { "file:///data/*": { scopes: [file:read] } }
prompts: { "*": {} }
methods: { "tasks/*": { scopes: [tasks] } }
scopes: { admin: { implies: [file:read, file:write] } }
auth:
  anonymous: { scopes: [file:read] }
  tokens: { rotate: { every: 12h, deliver: { file: out } } }
limits: { bodyBytes: 64kB, failedPerAddress: 5/s }
tls: { cert: c.pem, key: k.pem }
behindProxy: { trusted: [10.0.0.0/8, "::1"] }
origins: [https://inspector.example]
trail: { retention: 30d }
`;

describe('loadConfig', () => {
  it('reads every part, with paths relative to the file', () => {
    const { config, problems } = load(FULL, { file: 'conf/a.yaml' });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      listen: { host: '::1', port: 9000 },
      publicUrl: 'https://mcp.example.com',
      auth: {
        enabled: true,
        anonymous: { scopes: ['file:read'] },
        static: null,
        tokens: {
          ttlMs: 86_400_000,
          rotate: { everyMs: 43_200_000, graceMs: 600_000, deliver: { file: '/srv/conf/out' } },
        },
      },
      limits: { bodyBytes: 64_000, failedPerAddress: { count: 5, periodMs: 1000 }, sessions: 100 },
      tls: { cert: '/srv/conf/c.pem', key: '/srv/conf/k.pem' },
      trail: { retentionMs: 2_592_000_000 },
    });
    const [server] = config?.servers ?? [];
    expect(server).toMatchObject({ name: 'default', path: '/mcp', protocol: 'modern' });
    expect(server?.upstream).toEqual({
      kind: 'stdio',
      command: 'npx',
      args: ['-y', 'server', './data'],
      cwd: '/srv/conf/sub',
      env: { KEY: { env: 'KEY' }, MODE: 'plain', F: { file: '/srv/conf/f' } },
      shareSessions: false,
      timeoutMs: 120_000,
    });
    expect(server?.policy.rules.tools.map(({ pattern, limit }) => [pattern, limit?.count])).toEqual([
      ['read_*', undefined],
      ['write_file', 10],
      ['secret_tool', undefined],
    ]);
    expect(server?.policy.implied.get('admin')).toEqual(new Set(['admin', 'file:read', 'file:write']));
  });

  it('is frozen all through', () => {
    const { config } = load(FULL);
    expect(
      [config, config?.limits, config?.auth.tokens.rotate, config?.servers, config?.servers[0]?.upstream].every(
        Object.isFrozen,
      ),
    ).toBe(true);
  });

  it('needs nothing at all', () => {
    const { config } = load('');
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8787 },
      publicUrl: null,
      servers: [{ upstream: null }],
    });
    expect(config?.servers[0]?.policy.empty).toBe(true);
  });

  it('takes no file that is empty, and one of comments for a configuration of defaults', () => {
    for (const text of ['', '\n', ' \t\r\n\n']) {
      const { config, problems } = loadConfig({ file: fileOf(text), env: {} });
      expect([config, problems]).toEqual([
        null,
        [expect.objectContaining({ code: 'E_CONFIG_INVALID', message: 'is empty' })],
      ]);
    }
    expect(loadConfig({ file: fileOf('# nothing yet\n'), env: {} }).problems).toEqual([]);
  });

  it.each([
    [{ command: ['node', 'a.js'] }, '-- COMMAND'],
    [{ url: 'http://127.0.0.1:9/mcp' }, '--upstream'],
    [{ tools: 'a.yaml' }, '--tools'],
  ])('says which flag names one server where the file has several: %j', (upstream, flag) => {
    const servers = 'servers: { a: { upstream: { url: "http://127.0.0.1:8/mcp" } } }';
    const { problems } = load(servers, { flags: { upstream } });
    expect(problems).toEqual([
      {
        code: 'E_CONFIG_INVALID',
        where: flag,
        message: expect.stringContaining('a.yaml has several'),
        hint: expect.stringContaining('--config'),
      },
    ]);
    expect(load(`upstream: { url: "http://127.0.0.1:8/mcp" }\n${servers}`).problems).toMatchObject([
      { where: 'a.yaml:1:11 upstream', message: 'upstream belongs to each server when there are servers' },
    ]);
  });

  it('reads several servers, each with its own rules', () => {
    const { config } = load(
      'servers: { a: { upstream: { command: [x] }, tools: { t: {} } }, b: { upstream: { url: "https://b.example/mcp", timeout: 5s } } }',
    );
    expect(
      config?.servers.map(({ name, path: at, upstream, policy }) => [
        name,
        at,
        upstream?.kind,
        upstream !== null && 'timeoutMs' in upstream ? upstream.timeoutMs : null,
        policy.empty,
      ]),
    ).toEqual([
      ['a', '/a/mcp', 'stdio', 120_000, false],
      ['b', '/b/mcp', 'http', 5000, true],
    ]);
  });

  it('lays flags over the environment over the file over defaults', () => {
    const text = 'listen: 127.0.0.1:1\nstore: from-file\nupstream: { url: "https://a.example/mcp", timeout: 1s }';
    const env = {
      LATCHKEY_STORE: '/from/env',
      LATCHKEY_LISTEN: '127.0.0.1:2',
      LATCHKEY_PROTOCOL: '',
      MCP_AUTH_TOKENS: '',
    };
    const { config, values } = load(text, { env, flags: { listen: '127.0.0.1:3', upstream: { command: ['x'] } } });
    expect(config).toMatchObject({
      listen: { port: 3 },
      store: '/from/env',
      auth: { static: { env: 'MCP_AUTH_TOKENS', scopes: ['*'] } },
    });
    expect(config?.servers[0]?.upstream).toMatchObject({ kind: 'stdio', command: 'x' });
    const origins = Object.fromEntries(values.map((each) => [each.path, each.origin]));
    expect(origins).toMatchObject({
      listen: 'flag',
      store: 'environment',
      protocol: 'default',
      'upstream.command': 'flag',
      'auth.static.env': 'environment',
      'limits.sessions': 'default',
    });
    expect(load('store: s').values.find((each) => each.path === 'store')).toEqual({
      path: 'store',
      value: 's',
      origin: 'file',
    });
  });

  it('takes paths of flags and variables from the working directory, those of the file from the file', () => {
    const more = { file: 'conf/a.yaml', flags: { upstream: { command: ['x'] } } };
    expect(load('store: s', more).config).toMatchObject({
      store: '/srv/conf/s',
      servers: [{ upstream: { cwd: '/srv' } }],
    });
    expect(load('store: s', { ...more, env: { LATCHKEY_STORE: 't' } }).config?.store).toBe('/srv/t');
  });

  it('says everything that is wrong at once, each with its place', () => {
    const text = `listn: x
upstream: { command: [x], foo: 1 }
tools:
  read_*: {}
  read_a*: {}
  b: { when: "true && nope" }
  c: { scopes: ['a"b', "*"], sopes: [] }
  d:
limits: { sessions: 0, bodyBytes: 12, headersTimeout: 40d }
`;
    expect(wrong(text)).toEqual([
      'E_CONFIG_INVALID a.yaml:1:1 listn',
      'E_CONFIG_INVALID a.yaml:2:27 upstream.foo',
      'E_CONFIG_INVALID a.yaml:5:3 tools.read_a*',
      'E_CONFIG_INVALID a.yaml:6:23 tools.b.when',
      'E_CONFIG_INVALID a.yaml:7:17 tools.c.scopes.0',
      'E_CONFIG_INVALID a.yaml:7:24 tools.c.scopes.1',
      'E_CONFIG_INVALID a.yaml:7:30 tools.c.sopes',
      'E_CONFIG_INVALID a.yaml:8:5 tools.d',
      'E_CONFIG_INVALID a.yaml:9:21 limits.sessions',
      'E_CONFIG_INVALID a.yaml:9:35 limits.bodyBytes',
      'E_CONFIG_INVALID a.yaml:9:55 limits.headersTimeout',
    ]);
    expect(load('listn: x').problems[0]?.message).toContain('listen');
    expect(load('tools: { a: { sopes: [] } }').problems[0]?.message).toContain('scopes');
    expect(load('compat: { rest: yes }').problems[0]?.message).toContain('true or false');
    expect(load('behindProxy: { trusted: [] }').problems[0]?.message).toContain('must have at least 1 entry');
    const origins = Array.from({ length: 101 }, (_, at) => `https://${at}.example`).join();
    expect(load(`origins: [${origins}]`).problems[0]?.message).toContain('must have at most 100 entries');
  });

  it('names the flag or variable that is wrong', () => {
    expect(wrong('publicUrl: https://a.example', { flags: { auth: { enabled: false } } })).toEqual([
      'E_AUTH_OFF --no-auth auth.enabled',
    ]);
    expect(wrong('', { flags: { publicUrl: 'x' }, env: { LATCHKEY_LISTEN: 'nope' } })).toEqual([
      'E_CONFIG_INVALID LATCHKEY_LISTEN listen',
      'E_CONFIG_INVALID --public-url publicUrl',
    ]);
  });

  it.each([
    ['listen: 0.0.0.0:1', ['E_ADDRESS_REFUSED', 'E_PUBLIC_URL']],
    ['listen: "[::]:1"\npublicUrl: https://a.example', ['E_ADDRESS_REFUSED']],
    ['listen: host.example:1\ntls: { cert: c, key: k }', ['E_PUBLIC_URL']],
    [
      'listen: 0.0.0.0:1\ntls: { cert: c, key: k }\npublicUrl: https://a.example\nauth: { enabled: false }',
      ['E_AUTH_OFF'],
    ],
    ['publicUrl: http://a.example', ['E_PUBLIC_URL']],
    ['publicUrl: https://a.example\nauth: { enabled: false }', ['E_AUTH_OFF']],
    ['behindProxy: { trusted: [127.0.0.1] }\nauth: { enabled: false }', ['E_AUTH_OFF']],
    ['listen: 0.0.0.0:1\nbehindProxy: { trusted: [10.0.0.1] }\npublicUrl: https://a.example', []],
    ['listen: localhost:1\nauth: { enabled: false }\npublicUrl: http://localhost:1', []],
  ])('guards what leaves the machine: %j', (text, expected) => {
    expect(load(text).problems.map(({ code }) => code)).toEqual(expected);
  });

  it.each([
    'upstream: { command: [x], url: "https://a.example" }',
    'upstream: {}',
    'upstream: { command: [] }',
    'upstream: { command: [x], headers: { A: b } }',
    'upstream: { url: "https://a.example", env: { A: b } }',
    'upstream: { url: "http://a.example/mcp" }',
    'upstream: { url: "https://u:p@a.example/mcp" }',
    'upstream: { url: "file:///a" }',
    'upstream: { url: "https://a.example", headers: { Host: b } }',
    'upstream: { url: "https://a.example", headers: { Mcp-Session-Id: b } }',
    'upstream: { url: "https://a.example", headers: { A: "x\\ny" } }',
    'upstream: { url: "https://a.example", headers: { A: x, a: y } }',
    'upstream: { url: "https://a.example", headers: { A: { env: X, file: y } } }',
    'upstream: { command: [x] }\nservers: { a: { upstream: { command: [x] } } }',
    'servers: {}',
    'servers: { oauth: { upstream: { command: [x] } } }',
    'servers: { A: { upstream: { command: [x] } } }',
    'servers: { a: {} }',
    'auth: { tokens: { ttl: 1h, rotate: { every: 1h, deliver: { file: f } } } }',
    'auth: { tokens: { rotate: { every: 1h, deliver: { file: f, command: [x] } } } }',
    'auth: { anonymous: { scopes: ["*"] } }',
    'auth: { unknownTokenStatus: 404 }',
    'limits: { startTimeout: 25d }',
    'behindProxy: { trusted: [10.0.0.0/33] }',
    'origins: ["https://a.example/path"]',
    'origins: ["null"]',
    'store: postgres://db',
    'scopes: { "*": { implies: [a] } }',
    'methods: { "tasks/*": { hidden: true } }',
    'resources: { "file:///a/../*": {} }',
  ])('refuses %s', (text) => {
    const { config, problems } = load(text);
    expect([config, problems.map(({ code }) => code)]).toEqual([null, ['E_CONFIG_INVALID']]);
  });

  it.each([
    'a: 1\na: 2',
    'a:\n\t- b',
    'a: 1\n---\nb: 2',
    '- 1',
    'a: *x',
    '"open',
    '%',
    'tools:\n  __proto__: {}',
    '? [a]\n: 1',
    'a: &a [1]\nb: {<<: *a}',
  ])('refuses the YAML %j with a place', (text) => {
    const { config, problems } = load(text);
    expect(config).toBe(null);
    expect(problems[0]).toMatchObject({ code: 'E_CONFIG_INVALID', where: expect.stringMatching(/^a\.yaml/) });
  });

  it('withstands an alias bomb', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 8; i += 1)
      bomb.push(
        `k${i}: &k${i} [${Array(9)
          .fill(`*${i === 0 ? 'a' : `k${i - 1}`}`)
          .join(',')}]`,
      );
    const started = performance.now();
    expect(load(bomb.join('\n')).config).toBe(null);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('refuses files that are missing, large, not UTF-8 or marked', () => {
    expect(codes(path.join(folder, 'none.yaml'))).toEqual(['E_CONFIG_MISSING']);
    expect(codes(folder)).toEqual(['E_CONFIG_MISSING']);
    expect(codes(fileOf(new Uint8Array([0x61, 0x3a, 0x20, 0xff])))).toEqual(['E_CONFIG_INVALID']);
    expect(codes(fileOf('\uFEFFlisten: :1'))).toEqual(['E_CONFIG_INVALID']);
    expect(codes(fileOf(Buffer.from('listen: :1', 'utf16le')))).toEqual(['E_CONFIG_INVALID']);
    expect(codes(fileOf(`#${' '.repeat(1024 * 1024)}`))).toEqual(['E_CONFIG_INVALID']);
    expect(codes(fileOf('listen: :1'))).toEqual([]);
  });

  it('never shows a secret', () => {
    const text = `upstream:
  command: [npx, --api-key, canary1, --token=canary2]
  env: { A: canary3, B: { env: NAME } }`;
    const http =
      'servers: { a: { upstream: { url: "https://a.example/?k=canary4", headers: { Authorization: canary5 } } } }';
    const shown = JSON.stringify([load(text).values, load(http).values]);
    expect(shown).not.toContain('canary');
    expect(shown).toContain('NAME');
  });
});

describe('requireConfig', () => {
  it('throws one error of the code that all problems share', () => {
    expect(codeOf('publicUrl: http://a.example')).toBe('E_PUBLIC_URL');
    expect(codeOf('listen: 0.0.0.0:1\nx: 1')).toBe('E_CONFIG_INVALID');
    expect(codeOf('')).toBe(null);
  });
});
