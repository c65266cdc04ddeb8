// What headers alone cannot keep is not promised: the service does not start, and a reload does not bring it in.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificates, OPENSSL_MISSING } from '../fixtures/certificates.ts';
import { runLatchkey, startLatchkey } from '../fixtures/latchkey.ts';
import { converseRaw } from '../fixtures/raw-connection.ts';
import { trailRecords } from '../fixtures/trail-files.ts';

const GOOD = {
  publicUrl: 'https://mcp.example',
  listen: '127.0.0.1:0',
  forwardAuth: { proxy: 'nginx', bodyChecked: true },
  tools: { echo: { scopes: ['file:read'] } },
};

// Which these are is held by the unit tests of `checkForwardAuth`.
const BAD: Readonly<Record<string, readonly [object, string]>> = {
  'no proxy': [{ forwardAuth: undefined }, 'E_FORWARD_AUTH'],
  'another proxy, a name for a network': [
    { forwardAuth: { proxy: 'haproxy', trusted: ['localhost'] } },
    'E_CONFIG_INVALID',
  ],
  'a condition': [{ tools: { echo: { when: 'args.x == 1' } } }, 'E_FORWARD_AUTH'],
};

test.each(Object.entries(BAD))('does not start with %s', async (_what, [change, code]) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-start-'));
  try {
    const file = join(folder, 'latchkey.yaml');
    await writeFile(file, JSON.stringify({ ...GOOD, store: join(folder, 'store'), ...change }));
    const { code: exit, stdout, stderr } = await runLatchkey(['forward-auth', '--config', file]);
    expect({ exit: exit !== 0, stdout, first: stderr.split('\n')[0] }).toMatchObject({
      exit: true,
      stdout: '',
      first: expect.stringContaining(code),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

const until = (text: string): boolean => text.includes('\r\n\r\n');

async function ask({ url, token }: { readonly url: string; readonly token: string }): Promise<number | undefined> {
  const headers = {
    Host: 'mcp.example',
    Authorization: `Bearer ${token}`,
    'X-Original-Method': 'POST',
    'X-Original-URI': '/mcp',
    'X-Forwarded-For': '192.0.2.1',
    'X-Forwarded-Proto': 'https',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'echo',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (await converseRaw(url, `GET /auth HTTP/1.1\r\n${lines.join('')}\r\n`, { until })).statuses[0];
}

test('puts changed rules in force, but none that it cannot keep', async () => {
  const lock = await startLatchkey({ serve: 'forward-auth', config: GOOD });
  try {
    const config = JSON.parse(await readFile(lock.configFile, 'utf8')) as object;
    expect(await ask(lock)).toBe(200);
    await writeFile(lock.configFile, JSON.stringify({ ...config, tools: { other: {} } }));
    await expect.poll(() => ask(lock)).toBe(403);
    await writeFile(lock.configFile, JSON.stringify({ ...config, tools: { echo: { when: 'true' } } }));
    await expect.poll(() => lock.talk()).toContain('conditions need the arguments');
    expect(await ask(lock)).toBe(403);
    await writeFile(lock.configFile, JSON.stringify(config));
    await expect.poll(() => ask(lock)).toBe(200);
    const reloads = trailRecords(lock.store).filter(({ method }) => method === 'config reload');
    expect(reloads.map(({ change }) => change?.['rules'])).toEqual([
      { added: ['tools.other'], removed: ['tools.echo'], changed: [] },
      { added: ['tools.echo'], removed: ['tools.other'], changed: [] },
    ]);
    expect(await lock.kill('SIGTERM')).toBe(0);
  } finally {
    await lock.close();
  }
});

test.skipIf(OPENSSL_MISSING)('takes no credential in clear where it serves TLS, whatever the proxy says', async () => {
  const { authority, right } = await makeCertificates();
  const tls = { cert: right.certFile, key: right.keyFile };
  const lock = await startLatchkey({ serve: 'forward-auth', config: { ...GOOD, tls } });
  try {
    expect(await ask(lock)).toBe(200);
    // nginx knows this status for every refusal.
    expect(await ask({ ...lock, url: lock.url.replace('https:', 'http:') })).toBe(403);
    expect(await lock.kill('SIGTERM')).toBe(0);
    expect(trailRecords(lock.store).at(-1)).toMatchObject({ reason: 'clear-text', status: 400, exposed: true });
  } finally {
    await lock.close();
    await rm(dirname(authority.certFile), { recursive: true });
  }
});

test('replaces the first token before it ends, and hands the new one over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-rotate-'));
  const file = join(folder, 'token.json');
  const rotate = { every: '3s', grace: '2s', deliver: { file } };
  const lock = await startLatchkey({
    serve: 'forward-auth',
    config: { ...GOOD, auth: { tokens: { ttl: '20s', rotate } } },
  });
  try {
    const read = async (): Promise<string> => {
      const text = await readFile(file, 'utf8').catch(() => '{}');
      return (JSON.parse(text) as { default?: { token: string } }).default?.token ?? '';
    };
    await expect.poll(read, { timeout: 15_000 }).toBe(lock.token);
    await expect.poll(read, { timeout: 15_000 }).not.toBe(lock.token);
    expect(await ask({ url: lock.url, token: await read() })).toBe(200);
    await expect.poll(() => ask(lock), { timeout: 15_000 }).toBe(401);
    expect(await lock.kill('SIGTERM')).toBe(0);
  } finally {
    await lock.close();
    await rm(folder, { recursive: true });
  }
});

test('says where the proxy asks, and with what', async () => {
  const { code, stdout } = await runLatchkey(['forward-auth', '--help']);
  expect(code).toBe(0);
  for (const each of ['--proxy <name>', '"nginx", "caddy",', 'Examples:']) expect(stdout).toContain(each);
});
