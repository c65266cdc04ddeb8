import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerOf } from '../../packages/latchkey/src/core/header-of.ts';
import { startGuardedUpstream, type GuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { MODERN } from '../fixtures/stdio-servers.ts';
import { send, type Site } from './harness.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };

const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
const [header, client, variable] = ['header', 'client', 'variable'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

let issuer: TestIssuer;
let upstream: GuardedUpstream;
let gateway: Latchkey;
let site: Site;
const issued: string[] = [];

beforeAll(async () => {
  for (const file of [header, client, variable]) put(file, 'old');
  issuer = await startIssuer();
  issuer.answer('/token', () => {
    issued.push(`issued-${issued.length}`);
    return { access_token: issued.at(-1), token_type: 'bearer', expires_in: 3600 };
  });
  upstream = await startGuardedUpstream();
  const auth = { clientCredentials: { issuer: issuer.url, client: { id: 'gateway', secret: { file: client } } } };
  gateway = await startLatchkey({
    config: {
      servers: {
        web: { upstream: { url: upstream.url, headers: { 'X-Team': { file: header } }, auth } },
        program: { upstream: { command: MODERN, env: { TEAM: { file: variable } } } },
      },
    },
  });
  site = { gateway, tokens: { aliceRead: gateway.token } } as unknown as Site;
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await issuer.close();
  rmSync(folder, { recursive: true });
});

/** As whoever replaces a secret well does: at once. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.next`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

async function untilSaid(words: string, act: () => void): Promise<void> {
  const countOf = (): number => gateway.talk().split(words).length;
  const before = countOf();
  act();
  await expect.poll(countOf, PATIENCE).toBeGreaterThan(before);
}

const call = () => send(site, { target: '/web/mcp' });
const headerSent = async (): Promise<unknown> => {
  expect((await call()).status).toBe(200);
  const { rawHeaders = [] } = upstream.requests.at(-1) ?? {};
  return headerOf(rawHeaders, 'x-team');
};
const clientSecrets = (): readonly string[] =>
  issuer.requests
    .filter(({ path }) => path === '/token')
    .map(({ headers }) => Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString());

const REPLACED = 'a secret was replaced';
const KEPT = 'a changed secret cannot be used';

test('a header for the server is the one that its file has, from when it was replaced', async () => {
  expect(await headerSent()).toBe('old');
  await untilSaid(REPLACED, () => put(header, 'new'));
  expect(await headerSent()).toBe('new');
  expect(gateway.talk()).toContain('servers.web.upstream.headers.X-Team');
  expect(gateway.talk()).not.toMatch(/"new"/);
});

test('one that cannot be read, or be a header, leaves the old one, and the log says why', async () => {
  const spoils = [
    () => chmodSync(header, 0o644),
    () => put(header, 'two\nlines'),
    () => put(header, ''),
    () => rmSync(header),
  ];
  for (const [at, spoil] of spoils.entries()) {
    const before = await headerSent();
    await untilSaid(KEPT, spoil);
    expect(await headerSent()).toBe(before);
    await untilSaid(REPLACED, () => put(header, `mended ${at}`));
    expect(await headerSent()).toBe(`mended ${at}`);
  }
});

test('the secret of a client is the new one when the next token is asked for', async () => {
  await call();
  expect(clientSecrets().at(-1)).toBe('gateway:old');
  await untilSaid(REPLACED, () => put(client, 'n:w'));
  upstream.accepts = (token) => token === issued.at(-1) && clientSecrets().at(-1) === 'gateway:n%3Aw';
  await expect.poll(async () => (await call()).status, PATIENCE).toBe(200);
  expect(clientSecrets().at(-1)).toBe('gateway:n%3Aw');
});

test('a variable of a program waits for a restart, and the log says so, each time', async () => {
  const waiting = 'a secret changed that a restart puts in force';
  await untilSaid(waiting, () => put(variable, 'new'));
  expect(gateway.talk()).toContain('servers.program.upstream.env.TEAM');
  await untilSaid(waiting, () => process.kill(gateway.pid, 'SIGHUP'));
});
