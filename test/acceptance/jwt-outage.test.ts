import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import type { Fault } from '../fixtures/issuer-faults.ts';
import { runLatchkey, type Ended } from '../fixtures/latchkey.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { send } from './harness.ts';
import { expectTokensRefused, expectTokensServed, startJwtSite, statusOf } from './jwt-site.ts';

const faults: readonly Fault[] = ['refuse', 'error', 'missing', 'garbage', 'redirect', 'huge'];

test('JWT-25 cold start: without keys nobody is let in and nobody is refused for good', async () => {
  const cold = await startJwtSite();
  const token = await cold.mint();
  await cold.issuer.stop();
  await expectTokensRefused(cold, { stopped: token }, 503);
  const answer = await send(cold, { token });
  expect(headerValue(answer, 'retry-after')).toMatch(/^\d+$/);
  expect(headerValue(answer, 'www-authenticate')).toBe(null);
  await cold.issuer.start();
  await expect.poll(() => statusOf(cold, token), { timeout: 15_000, interval: 200 }).toBe(200);
  await cold.close();
});

test('JWT-25 cold start: a key set or metadata that fail in any way', async () => {
  const failing = await Promise.all(
    faults.flatMap((fault) => [startFaulty(fault, ['/jwks']), startFaulty(fault, METADATA)]),
  );
  const wrong = await Promise.all(Object.values(WRONG_METADATA).map((metadata) => startIssuer({ metadata })));
  const all = [...failing, ...wrong];
  const others = Object.fromEntries(all.map((issuer, at) => [`issuer-${at}`, { issuer: issuer.url }]));
  const cold = await startJwtSite({ others });
  for (const [at, issuer] of all.entries()) {
    const mint = (): Promise<string> => issuer.accessToken({ aud: cold.gateway.url, scope: 'file:read' });
    await expectTokensRefused(cold, { [`${at} first`]: mint(), [`${at} second`]: mint() }, 503);
    // Every place is asked once, however many tokens come.
    expect(new Set(issuer.requests.map(({ path }) => path)).size).toBe(issuer.requests.length);
  }
  expect(wrong.map((issuer) => issuer.countOf('/jwks'))).toEqual(wrong.map(() => 0));
  await expectTokensServed(cold, { 'of the issuer that works': cold.mint() });
  await cold.close();
  await Promise.all(all.map((issuer) => issuer.close()));
});

const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

/** Metadata of another issuer, or with an endpoint that must not be asked. */
const WRONG_METADATA = {
  'another issuer': { issuer: 'https://evil.example' },
  'no issuer': { issuer: undefined },
  'key set in clear': { jwks_uri: 'http://192.0.2.1/jwks' },
  'key set in a file': { jwks_uri: 'file:///etc/passwd' },
  'key set with a user': { jwks_uri: 'https://user@127.0.0.1/jwks' },
  'key set as a list': { jwks_uri: ['https://127.0.0.1/jwks'] },
};

async function startFaulty(fault: Fault, paths: readonly string[]): Promise<TestIssuer> {
  const issuer = await startIssuer();
  for (const path of paths) issuer.fault(path, fault);
  return issuer;
}

test('JWT-25 warm: kept keys serve until their bound, then nobody is let in, and later again', async () => {
  const warm = await startJwtSite({ settings: { keysRefresh: '1s', keysMaxAge: '6s' } });
  const known = await warm.mint();
  await expectTokensServed(warm, { known });
  await warm.issuer.stop();
  await expectTokensServed(warm, { known, 'by a kept key': warm.mint() });
  await expect.poll(() => statusOf(warm, known), { timeout: 20_000, interval: 100 }).toBe(503);
  await expectTokensRefused(warm, { known, 'by a key of before': warm.mint() }, 503);
  await warm.issuer.start();
  await expect.poll(() => statusOf(warm, known), { timeout: 15_000, interval: 200 }).toBe(200);
  await warm.close();
});

test('JWT-25 an issuer that hangs keeps nobody waiting twice', async () => {
  const warm = await startJwtSite({ settings: { keysRefresh: '1s' } });
  const known = await warm.mint();
  await expectTokensServed(warm, { known });
  warm.issuer.fault('/jwks', 'hang');
  const times: number[] = [];
  for (const until = performance.now() + 9000; performance.now() < until;) {
    const begun = performance.now();
    expect(await statusOf(warm, known)).toBe(200);
    times.push(performance.now() - begun);
  }
  expect(times.filter((time) => time > 2000).length).toBeLessThanOrEqual(1);
  await warm.close();
});

test('JWT-25 without a usable file of keys, or of authorities, the program does not start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-jwks-'));
  const file = join(folder, 'jwks.json');
  const start = async (issuer: object): Promise<Ended> => {
    const config = join(folder, 'latchkey.yaml');
    const auth = { issuers: { test: { issuer: 'https://issuer.example', ...issuer } } };
    const rest = {
      listen: '127.0.0.1:0',
      store: join(folder, 'store'),
      upstream: { url: 'http://127.0.0.1:1/mcp' },
      tools: {},
    };
    await writeFile(config, JSON.stringify({ ...rest, auth }));
    return runLatchkey(['run', '--json', '--config', config], {}, 20_000);
  };
  for (const text of [null, '{"keys":[{"kty":"oct","k":"eA"}]}']) {
    if (text !== null) await writeFile(file, text);
    const ended = await start({ jwks: { file } });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^latchkey: E_CONFIG_INVALID auth\.issuers\.test\.jwks\.file: /m);
  }
  const ended = await start({ tls: { ca: join(folder, 'missing.pem') } });
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^latchkey: E_TLS /m);
  await rm(folder, { recursive: true });
});
