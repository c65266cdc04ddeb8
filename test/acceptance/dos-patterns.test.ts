import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLatchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLimitedSite } from './dos-site.ts';
import { META, modernCall, requestBytes, type Call, type Site } from './harness.ts';

const RATE = '1000000/min';
const rules = {
  tools: {
    echo: {},
    '*a*a*a*a*a*a*a*a*a*a*a*a*b': {},
    cel: { when: 'args.text.matches("^(a+)+$") || args.text.matches("(.*)*x(.*)*y") || args.text.contains("aaab")' },
    list: { when: 'args.list.exists(x, x.matches("^(a|a)*$")) && args.list.all(x, x.startsWith("a"))' },
  },
  resources: {
    'file:///data/*/*/*/*/*/*/x': {},
    'file:///{a}{b}{c}/{+d}': {},
  },
  prompts: { 'p*p*p*p*p*p*p*p-': {} },
};
let site: Site;
beforeAll(async () => {
  // Much larger than by default, so that what is worse than linear would show in minutes rather than in milliseconds.
  const limits = {
    headerBytes: '2MiB',
    bodyBytes: '4MiB',
    requestsPerAddress: RATE,
    callsPerCredential: RATE,
    failedPerAddress: RATE,
  };
  site = await startLimitedSite(limits, rules);
});
afterAll(() => site.close());

async function measure(call: Call): Promise<number> {
  const bytes = requestBytes(site, call);
  const begun = performance.now();
  const [answer] = await exchangeRaw(site.gateway.url, bytes, 1, 50_000);
  expect(answer?.status).toBeGreaterThanOrEqual(200);
  return performance.now() - begun;
}

// Linear work on this much takes some milliseconds, or a second where the machine is busy; quadratic work takes minutes.
const LONGEST_MS = 5000;
const SIZE = 256 * 1024;

async function expectLinear(attacks: Readonly<Record<string, (size: number) => Call>>): Promise<void> {
  for (const [attack, create] of Object.entries(attacks)) {
    const took = await measure(create(SIZE));
    expect({ attack, took, linear: took < LONGEST_MS }).toMatchObject({ attack, linear: true });
  }
}

const header =
  (name: string, create: (size: number) => string) =>
  (size: number): Call => ({ headers: { [name]: create(size) } });
const times =
  (text: string) =>
  (size: number): string =>
    text.repeat(size / text.length);

test('DOS-09 regex: headers', async () => {
  await expectLinear({
    'parameters of a content type': header('Content-Type', (size) => `application/json${times(';a=a')(size)}=`),
    'spaces in a content type': header('Content-Type', (size) => `application/json${' '.repeat(size)}x`),
    'spaced parameters': header('Content-Type', (size) => `application/json${times(' \t; \ta=a')(size)}"`),
    'quoted parameters': header('Content-Type', (size) => `application/json${times(';a="a"')(size)}\\`),
    'one long parameter': header('Content-Type', (size) => `application/json;a=${'a'.repeat(size)}"`),
    charsets: header('Content-Type', (size) => `application/json${times(';charset=utf-8')(size)};charset=x`),
    'charsets with spaces': header('Content-Type', (size) => `application/json;${' '.repeat(size)}charset=x`),
    'accept of commas': header('Accept', times(',')),
    'accept of spaces': header('Accept', (size) => `x${' '.repeat(size)}x`),
    'accept of almost': header('Accept', times('application/jso,')),
    'accept of stars': header('Accept', times('*/')),
    'a bearer of spaces': header('Authorization', (size) => `Bearer${' '.repeat(size)}!`),
    'a bearer of letters': header('Authorization', (size) => `Bearer ${'a'.repeat(size)}!`),
    'a token of the right look': header('Authorization', (size) => `Bearer lk_${'a'.repeat(size)}`),
    'a long API key': (size) => ({ token: null, headers: { 'X-API-Key': `${'k'.repeat(size)} ` } }),
    'an almost-base64 name': header('Mcp-Name', (size) => `=?base64?${'A'.repeat(size)}=?`),
    'a base64 name': header('Mcp-Name', (size) => `=?base64?${times('YWFh')(size)}?=`),
    'sentinels in a name': header('Mcp-Name', times('=?base64?')),
    'a connection of options': header('Connection', (size) => `keep-alive${times(', close')(size)}, x`),
    'a connection of spaces': header('Connection', (size) => `keep-alive,${' '.repeat(size)}x`),
    'an origin of dots': header('Origin', (size) => `https://${times('a.')(size)}`),
    'a host of dots': header('Host', times('a.')),
    'forwarding hops': header('X-Forwarded-For', times('1.1.1.1,')),
    'forwarding spaces': header('X-Forwarded-For', (size) => `1${' '.repeat(size)}1`),
    'a revision': header('MCP-Protocol-Version', times('2026-07-28')),
    'a session id': header('Mcp-Session-Id', times('a.')),
    'a content encoding': header('Content-Encoding', times('gzip,')),
    'a path of slashes': (size) => ({ target: '/'.repeat(size) }),
    'a path of dots': (size) => ({ target: times('/..')(size) }),
    'a path of escapes': (size) => ({ target: times('/%2e')(size) }),
    'a query': (size) => ({ target: `/mcp?${times('a=a&')(size)}` }),
    'a preflight': (size) => ({
      method: 'OPTIONS',
      headers: { 'Access-Control-Request-Headers': times('mcp-param-a-,')(size) },
    }),
    'one name in a preflight': (size) => ({
      method: 'OPTIONS',
      headers: { 'Access-Control-Request-Headers': `mcp-param-${'a'.repeat(size)}!` },
    }),
  });
});

const tool = (name: string, args: object = {}): Call => ({ tool: name, args, headers: { 'Mcp-Name': name } });
const read = (uri: string): Call => modernCall('resources/read', { uri });

test('DOS-09 regex: names and URIs against patterns', async () => {
  await expectLinear({
    'a tool that almost matches': (size) => tool('a'.repeat(size)),
    'a tool that does not end': (size) => tool(`${times('ab')(size)}a`),
    'a resource of slashes': (size) => read(`file:///data/${'/'.repeat(size)}y`),
    'a resource of steps': (size) => read(`file:///data/${times('a/')(size)}y`),
    'a resource of dots': (size) => read(`file:///data/${times('../')(size)}`),
    'a resource of escapes': (size) => read(`file:///${times('%2e%2e/')(size)}`),
    'a resource of half escapes': (size) => read(`file:///${times('%')(size)}`),
    'a scheme': (size) => read('a'.repeat(size)),
    'a template of braces': (size) => read(`file:///${times('{a}')(size)}`),
    'a prompt that almost matches': (size) => modernCall('prompts/get', { name: 'p'.repeat(size) }),
    'a completion of a template': (size) => ({
      ...modernCall('completion/complete', {
        ref: { type: 'ref/resource', uri: `file:///${times('{a}')(size)}` },
        argument: { name: 'a', value: 'a' },
      }),
    }),
    'a method': (size) => ({
      headers: { 'Mcp-Method': null, 'Mcp-Name': null },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a/'.repeat(size / 2), params: { _meta: META } }),
    }),
  });
});

test('DOS-09 regex: conditions', async () => {
  await expectLinear({
    'nested repetition': (size) => tool('cel', { text: `${'a'.repeat(size)}!` }),
    'two wildcards': (size) => tool('cel', { text: 'x'.repeat(size) }),
    'almost contained': (size) => tool('cel', { text: times('aaa')(size) }),
    'a list of texts': (size) => tool('list', { list: Array.from({ length: size / 64 }, () => 'a'.repeat(60)) }),
    'a list of short texts': (size) => tool('list', { list: Array.from({ length: size / 4 }, () => 'a') }),
  });
});

const echo = (args: object): Call => ({ tool: 'echo', args });

test('DOS-09 regex: the body and what the trail makes of it', async () => {
  await expectLinear({
    backslashes: (size) => echo({ text: '\\'.repeat(size / 2) }),
    quotes: (size) => echo({ text: '"'.repeat(size / 2) }),
    'control characters': (size) => ({ ...tool('\u0001'.repeat(size / 8)), headers: { 'Mcp-Name': null } }),
    surrogates: (size) => echo({ text: '\ud800'.repeat(size / 8) }),
    'keys that differ at the end': (size) =>
      echo(Object.fromEntries(Array.from({ length: size / 32 }, (_, i) => [`${'k'.repeat(16)}${i}`, 1]))),
    'spaces between tokens': (size) => ({ body: `{${' '.repeat(size)}` }),
    'a number of digits': (size) => ({ body: `{"jsonrpc":"2.0","id":${'1'.repeat(size)}` }),
    'an exponent': (size) => ({ body: `{"jsonrpc":"2.0","params":{"x":1e${'1'.repeat(size)}x` }),
    'a progress token': (size) => ({ meta: { ...META, progressToken: 'p'.repeat(size) } }),
    'a token in the arguments': (size) => echo({ text: times('lk_')(size) }),
  });
});

test('DOS-09 regex: patterns that could run long are refused at load', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-patterns-'));
  const conditions = [
    String.raw`args.text.matches("(a)\\1")`,
    'args.text.matches("(?=a)a")',
    'args.text.matches("a{1,1000}{1,1000}")',
    `args.text.matches("${'(a|b)'.repeat(60)}{999}")`,
    'args.text.matches(args.pattern)',
    'args.list.all(x, args.list.all(y, x == y))',
    'args.list.exists(x, args.text.contains(x))',
    'args.text.contains(args.other)',
  ];
  const checks = conditions.map(async (when, index) => {
    const file = join(folder, `${index}.yaml`);
    await writeFile(file, JSON.stringify({ upstream: { url: site.spy.url }, tools: { echo: { when } } }));
    const { code, stderr, stdout } = await runLatchkey(['config', 'check', '--config', file], {}, 50_000);
    return { when, code, told: `${stdout}${stderr}`.includes('when') };
  });
  expect(await Promise.all(checks)).toEqual(conditions.map((when) => ({ when, code: 2, told: true })));
  await rm(folder, { recursive: true });
});
