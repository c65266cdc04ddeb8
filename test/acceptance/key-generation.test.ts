import { readdirSync, readFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../packages/latchkey/src/core/secret.ts';
import { mintCredential } from '../../packages/latchkey/src/verify/mint.ts';
import { createStaticVerifier } from '../../packages/latchkey/src/verify/static-tokens.ts';
import { findWeakness } from '../../packages/latchkey/src/verify/weakness.ts';
import { runLatchkey, startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { send } from './harness.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const COUNT = 1_000_000;
const DIGITS = 43;
/** So far above the mean of 61 that a fair generator passes it once in ten million columns. */
const HIGHEST_CHI_SQUARE = 135;

let spy: SpyUpstream;
let gateway: Latchkey;
beforeAll(async () => {
  spy = await startSpyUpstream();
  gateway = await startLatchkey({ config: { upstream: { url: spy.url } } });
}, 180_000);
afterAll(async () => {
  await gateway.close();
  await spy.close();
});

/** The checksum as a secret scanner computes it, by another implementation than ours. */
/** As a text comes from a socket, in one piece: V8 reads one that was joined at another speed. */
function asRead(text: string): Secret {
  return new Secret(Buffer.from(text).toString('latin1'));
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let sum = '';
  for (let at = 0; at < 6; at += 1, rest = Math.floor(rest / 62)) sum = ALPHABET[rest % 62] + sum;
  return sum;
}

function valueOf(digits: string): bigint {
  return [...digits].reduce((value, digit) => value * 62n + BigInt(ALPHABET.indexOf(digit)), 0n);
}

test(
  'KEY-02 Generation: a million tokens are different, of 256 even bits, with prefix and checksum',
  { timeout: 300_000 },
  () => {
    const sample: string[] = [];
    const seen = new Set<string>();
    const counts = Array.from({ length: DIGITS }, () => new Uint32Array(128));
    for (let number = 0; number < COUNT; number += 1) {
      const text = mintCredential('lk_').secret.reveal();
      // A third of a token is enough to tell a million apart, and leaves memory for others.
      seen.add(text.slice(20, 40));
      for (let at = 0; at < DIGITS; at += 1) (counts[at] as Uint32Array)[text.charCodeAt(3 + at)]! += 1;
      if (number % 1000 === 0) sample.push(text);
    }
    expect(sample.filter((text) => !/^lk_[0-9A-Za-z]{49}$/.test(text))).toEqual([]);
    expect(sample.filter((text) => text.slice(-6) !== checksumOf(text.slice(0, -6)))).toEqual([]);
    expect(sample.filter((text) => valueOf(text.slice(3, 46)) >= 2n ** 256n)).toEqual([]);
    expect(seen.size).toBe(COUNT);
    // 256 bits are 60.7 times 62 to the 42nd: the first digit is not as even as the others, nor quite the second.
    const expected = COUNT / 62;
    const uneven = counts.slice(2).map((column) => {
      const found = [...ALPHABET].map((digit) => column[digit.charCodeAt(0)] ?? 0);
      expect(found.reduce((sum, count) => sum + count)).toBe(COUNT);
      return found.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    });
    expect(uneven.filter((chiSquare) => chiSquare > HIGHEST_CHI_SQUARE)).toEqual([]);
    const firsts = [...ALPHABET].filter((digit) => (counts[0] as Uint32Array)[digit.charCodeAt(0)] !== 0);
    expect(firsts).toHaveLength(Number(2n ** 256n / 62n ** 42n) + 1);
  },
);

test('KEY-02 Generation: what the commands issue is of that form, and no bit of one is in the next', async () => {
  const made = [gateway.token];
  for (const name of ['one', 'two']) made.push((await gateway.createToken(name)).token);
  const key = JSON.parse(await gateway.command('key', 'create', 'k', '--owner', 'o', '--json')) as { key: string };
  expect(key.key).toMatch(/^lkk_[0-9A-Za-z]{49}$/);
  for (const text of [...made, key.key]) expect(text.slice(-6)).toBe(checksumOf(text.slice(0, -6)));
  expect(made.filter((text) => !/^lk_[0-9A-Za-z]{49}$/.test(text))).toEqual([]);
  const values = [...made, key.key].map((text) => valueOf(text.slice(-49, -6)));
  for (const [index, value] of values.entries()) {
    for (const other of values.slice(index + 1)) {
      const common = 256 - [...(value ^ other).toString(2)].filter((bit) => bit === '1').length;
      expect(common).toBeGreaterThan(80);
      expect(common).toBeLessThan(176);
    }
  }
});

test('KEY-02 Generation: prefixes, lives and static tokens are those of the configuration', async () => {
  const text = 'rD2vQ8kXw5TzY7nB4mHc9PfL';
  const config = {
    tools: { echo: { scopes: ['file:read'] }, write_file: { scopes: ['file:write'] } },
    auth: {
      tokens: { prefix: 'corp_', ttl: '2h' },
      keys: { prefix: 'corpk_' },
      static: { env: 'CORP_TOKENS', scopes: ['file:read'] },
    },
  };
  const upstream = await startSpyUpstream();
  const own = await startLatchkey({
    config: { upstream: { url: upstream.url }, ...config },
    env: { CORP_TOKENS: text },
  });
  // Where static tokens let somebody in, no first one is made.
  expect(own.token).toBe(null);
  const make = async (...words: string[]): Promise<{ token?: string; key?: string; expiresAt: string | null }> =>
    JSON.parse(await own.command(...words, '--config', own.configFile, '--scope', 'file:read', '--json')) as never;
  const { token = '', expiresAt } = await make('token', 'create', 'carol');
  const { key = '' } = await make('key', 'create', 'ci', '--owner', 'Ada');
  expect([token, key]).toEqual([expect.stringMatching(/^corp_/), expect.stringMatching(/^corpk_/)]);
  expect(Math.round((Date.parse(expiresAt ?? '') - Date.now()) / 60_000)).toBe(120);
  const site = { gateway: own, tokens: { aliceRead: token } };
  for (const each of [token, key, text]) {
    expect((await send(site, { token: each })).status).toBe(200);
    upstream.reset();
    expect((await send(site, { token: each, tool: 'write_file' })).status).toBe(403);
  }
  expect((await send(site, { token: token.replace('corp_', 'lk_') })).status).toBe(401);
  expect(upstream.bytes()).toBe('');
  await own.close();
  await upstream.close();
});

test(
  'KEY-03 Constant-time compare: how far a wrong token is right does not show in the time',
  { timeout: 120_000 },
  () => {
    const right = 'Zk4Qv8Xr2Lm7Tn1Bw5Yc9Hd3Jf6Gs0Pa';
    const verifier = createStaticVerifier([new Secret(right)], { scopes: ['*'], label: 'X' });
    const wrongFirst = asRead(`#${right.slice(1)}`);
    const wrongLast = asRead(`${right.slice(0, -1)}#`);
    const time = (secret: Secret): bigint => {
      const start = process.hrtime.bigint();
      for (let turn = 0; turn < 10; turn += 1) {
        if (verifier.verify({ scheme: 'bearer', proof: null, secret }, 'x', 0) instanceof Promise)
          throw new Error('a promise');
      }
      return process.hrtime.bigint() - start;
    };
    // Pairs in alternating order: whatever else the machine does meets both alike. A tie is half a win.
    const shareOfWins = (): number => {
      let wins = 0;
      for (let pair = 0; pair < 10_000; pair += 1) {
        const firstGoes = pair % 2 === 0;
        const one = time(firstGoes ? wrongFirst : wrongLast);
        const other = time(firstGoes ? wrongLast : wrongFirst);
        const [first, last] = firstGoes ? [one, other] : [other, one];
        wins += first < last ? 1 : first === last ? 0.5 : 0;
      }
      return wins / 10_000;
    };
    for (let warm = 0; warm < 2000; warm += 1) time(warm % 2 === 0 ? wrongFirst : wrongLast);
    const distances = Array.from({ length: 5 }, () => Math.abs(shareOfWins() - 0.5));
    // A compare that stops at the first difference gives 0.48 in every round. How V8 looks up one digest and another was
    // seen to give 0.17 in all rounds of one process, to either side.
    expect(Math.min(...distances)).toBeLessThan(0.35);
    expect(verifier.verify({ scheme: 'bearer', proof: null, secret: new Secret(right) }, 'x', 0)).toMatchObject({
      kind: 'accept',
    });
  },
);

test('KEY-03 Constant-time compare: texts of any length are held against it, and none breaks it', () => {
  const right = 'Zk4Qv8Xr2Lm7Tn1Bw5Yc9Hd3Jf6Gs0Pa';
  const verifier = createStaticVerifier([new Secret(right)], { scopes: ['*'], label: 'X' });
  for (const wrong of [
    '',
    'Z',
    right.slice(0, -1),
    `${right}a`,
    `${right}\0`,
    right.toLowerCase(),
    'ü'.repeat(32),
    right.repeat(1000),
  ])
    expect(verifier.verify({ scheme: 'bearer', proof: null, secret: new Secret(wrong) }, 'x', 0)).toEqual({
      kind: 'skip',
    });
});

test('KEY-03 Constant-time compare: no code that judges a credential compares its text', () => {
  const folder = new URL('../../packages/latchkey/src/verify/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const code = Object.fromEntries(files.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
  expect(code['static-tokens.ts']).toContain('timingSafeEqual(');
  for (const [name, text] of Object.entries(code)) {
    expect({ name, found: text.match(/reveal\(\)\s*[!=]==?|[!=]==?\s*[\w.]+\.reveal\(\)/g) }).toEqual({
      name,
      found: null,
    });
  }
  // What stored credentials are found by is the digest: 64 characters whatever was presented.
  expect(hash('sha256', 'x')).toHaveLength(64);
});

/** What could be a token in our own pages: someone will copy it. */
function examplesInDocs(): readonly string[] {
  const root = new URL('../../', import.meta.url);
  const pages = [
    'README.md',
    ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
    'decisions/003-credentials.md',
    'packages/latchkey/src/config/schema.ts',
    'packages/latchkey/src/cli/init/template.ts',
  ];
  const text = pages
    .filter((name) => /\.(?:md|ts|json)$/.test(name))
    .map((name) => readFileSync(new URL(name, root), 'utf8'));
  const forms = [
    /Bearer ([\w.~+/=:$<>{}-]+)/g,
    /\b(lkk?_[\w…]*)/g,
    /(?:MCP_AUTH_TOKENS|LATCHKEY_TOKEN|X-API-Key|API_KEY|TOKEN)["']?[=:]\s*["'`]?([^\s"'`,|]+)/g,
    /[tT]oken["']?: ?["']([^"'\s]+)/g,
  ];
  return [
    ...new Set(
      text.flatMap((page) => forms.flatMap((form) => [...page.matchAll(form)].map(([, found]) => found ?? ''))),
    ),
  ];
}

test('KEY-04 Weak configured secrets: placeholders, also those of our own pages', () => {
  const found = examplesInDocs();
  expect(found.length).toBeGreaterThan(3);
  const shortOrSpoken = [
    ...found,
    'changeme',
    'changeme-changeme-changeme',
    'your-secret-token-here-please',
    'replace-with-a-long-random-string',
    '<your-token-goes-in-here>',
    'REPLACE_ME_REPLACE_ME_REPLACE',
    'my-super-secret-auth-token',
    'example-token-1234567890',
    'password',
    'Password123Password123',
    'P@ssw0rdP@ssw0rdP@ssw0rd',
    'correct-horse-battery-staple',
    'letmein-letmein-letmein',
    'test-token-for-production',
    'token1',
    'token2',
    'secret-token-1',
    'dev-token-dev-token-dev-token',
    'sk-test-0000000000000000000000',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '00000000000000000000000000000000',
    '12345678901234567890123456789012',
    'abcdefghijklmnopqrstuvwxyzabcdef',
    'qwertyuiopasdfghjklzxcvbnm',
    'abababababababababababab',
    'zyxwvutsrqponmlkjihgfedcba',
    '0123456789abcdef0123456789abcdef',
    'deadbeefdeadbeefdeadbeefdeadbeef',
    'admin:admin:admin:admin:admin',
    'lk_0000000000000000000000000000000000000000000000000',
    'k7#Q',
    'k7Qx2mZp',
    'k7Qx2mZpR9tW',
    '                        ',
    'x',
  ];
  const accepted = shortOrSpoken.filter((text) => findWeakness(text) === null);
  expect(accepted).toEqual([]);
  // And a sound one of each usual kind is not.
  for (const sound of [
    'mJ8sVq2LxT9cRb4HnW7yKd3ZfA6gPe1U',
    '9f86d081884c7d659a2feaa0c55ad015',
    'q83vEjRWeJq83vEjRWeJqzEjRWeJqw==',
    mintCredential('lk_').secret.reveal(),
  ])
    expect({ sound, weakness: findWeakness(sound) }).toEqual({ sound, weakness: null });
});

test('KEY-04 Weak configured secrets: the program does not start, and names the place alone', async () => {
  const sound = 'mJ8sVq2LxT9cRb4HnW7yKd3ZfA6gPe1U';
  for (const [tokens, place] of [
    ['k7Qx2mZp', '1 of 1'],
    ['changeme', '1 of 1'],
    [`${sound},your-secret-token-here-please`, '2 of 2'],
    [`${sound},${sound}`, '2 of 2'],
    ['', 'empty'],
    [`${sound},`, '2 of 2'],
  ] as const) {
    spy.reset();
    const { code, stdout, stderr } = await runLatchkey(
      ['run', '--json', '--listen', '127.0.0.1:0', '--upstream', spy.url],
      {
        MCP_AUTH_TOKENS: tokens,
        LATCHKEY_STORE: gateway.store,
      },
    );
    expect({ tokens, code, stdout }).toEqual({ tokens, code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`E_(?:CREDENTIAL_WEAK|SECRET_MISSING) .*${place}`));
    for (const token of tokens.split(',').filter((each) => each.length > 7)) expect(stderr).not.toContain(token);
    expect(spy.bytes()).toBe('');
  }
}, 120_000);

test('KEY-05 auth none guarded: refused wherever somebody else could come near', async () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runLatchkey(['run', '--json', '--no-auth', '--upstream', spy.url, ...args], {
      LATCHKEY_STORE: gateway.store,
      ...env,
    });
  const loopback = ['--listen', '127.0.0.1:0'];
  const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>?])[] = [
    [['--listen', '0.0.0.0:0']],
    [['--listen', '[::]:0', '--public-url', 'https://mcp.example.com']],
    [['--listen', '192.0.2.1:0']],
    [[...loopback, '--public-url', 'https://mcp.example.com']],
    [loopback, { LATCHKEY_PUBLIC_URL: 'https://mcp.example.com' }],
    [loopback, { NODE_ENV: 'production' }],
    [[], { LATCHKEY_LISTEN: '0.0.0.0:0' }],
  ];
  spy.reset();
  for (const [args, env] of cases) {
    const { code, stdout, stderr } = await run(args, env);
    expect({ args, env, code, stdout }).toEqual({ args, env, code: 2, stdout: '' });
    expect(stderr).toMatch(/E_AUTH_OFF|authentication may/);
  }
  // There is no tunnel in this version; asking for one is an error, and not overheard.
  const tunnel = await run([...loopback, '--tunnel', 'https://relay.example']);
  expect([tunnel.code, tunnel.stdout]).toEqual([2, '']);
  expect(tunnel.stderr).toContain('--tunnel');
  expect(spy.bytes()).toBe('');
}, 120_000);

test('KEY-05 auth none guarded: behind a proxy it is refused, and on loopback it is warned of', async () => {
  const behind = { upstream: { url: spy.url }, auth: { enabled: false }, behindProxy: { trusted: ['127.0.0.1'] } };
  await expect(startLatchkey({ config: behind })).rejects.toThrow('E_AUTH_OFF');
  const open = await startLatchkey({ config: { upstream: { url: spy.url }, auth: { enabled: false } } });
  expect(open.talk()).toContain('authentication is off');
  await open.close();
  const announced = await runLatchkey(
    ['run', '--no-auth', '--listen', '127.0.0.1:0', '--upstream', spy.url],
    { LATCHKEY_STORE: gateway.store },
    8000,
  );
  expect(announced.stderr).toContain('OFF: whoever reaches this port may use everything');
});
