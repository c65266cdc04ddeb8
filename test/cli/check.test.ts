import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { upstreams } from '../clients/upstreams.ts';
import { startBearerServer } from '../fixtures/bearer-server.ts';
import { makeCertificates, OPENSSL_MISSING, type Certificates } from '../fixtures/certificates.ts';
import {
  issuerMetadata,
  ISSUER_PATH,
  resourceMetadata,
  RESOURCE_PATH,
  startFlawedServer,
  type Flaw,
} from '../fixtures/flawed-server.ts';
import { startIssuer } from '../fixtures/issuer.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import { findingOf, idsOf, report, usePlace } from './checking.ts';

const NO_TOOL = /^latchkey-check-no-such-tool/;
const REAL_TOOL = /echo|write_file|copy_secret|query|ask|slow|delete_all/;

const place = usePlace();

const withMembers =
  (path: string, members: Record<string, unknown>): Flaw =>
  (asked) => {
    const document = path === ISSUER_PATH ? issuerMetadata : resourceMetadata;
    return asked.path === path ? { status: 200, body: JSON.stringify({ ...document(asked.url), ...members }) } : null;
  };

describe('latchkey check of Latchkey', () => {
  it('passes without and with a token, and no tool was called', async () => {
    const spy = place.closeAfter(await startSpyUpstream());
    const gateway = place.closeAfter(await startLatchkey({ config: { upstream: { url: spy.url } } }));

    const stranger = await report(gateway.url);
    expect(idsOf(stranger, 'fail')).toEqual([]);
    expect(idsOf(stranger, 'warn')).toEqual(['authorization-servers']);
    expect(spy.requests).toEqual([]);

    const holder = await report(gateway.url, { token: gateway.token });
    expect(holder).toMatchObject({ code: 0, ok: true, complete: true, token: 'accepted', server: 'spy 1' });
    expect(holder.revisions).toEqual(['2026-07-28', '2025-11-25']);
    expect(idsOf(holder, 'warn')).toEqual(['authorization-servers']);
    expect(
      idsOf(holder, 'skip').filter((id) => !/^(?:issuer-|pkce|registration|plain-http|confused-key)/.test(id)),
    ).toEqual([]);
    expect(findingOf(holder, 'mcp-name-lie')).toMatchObject({
      verdict: 'pass',
      saw: expect.stringContaining('-32020'),
    });
    expect(spy.requests.length).toBeGreaterThan(5);
    expect(spy.requests.at(-1)?.method).toBe('DELETE');
    const called = spy.requests.filter(({ body }) => body.includes('tools/call'));
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter(({ body }) => REAL_TOOL.test(body))).toEqual([]);
  });

  it('passes before declared tools, whose processes it does not start', async () => {
    const file = join(place.folder, 'gantz.yaml');
    const shell = `touch ${join(place.folder, 'ran')}`;
    await writeFile(
      file,
      `name: t\nversion: 1.0.0\ntools:\n  - { name: mark, description: Leaves a mark, script: { shell: "${shell}" } }\n`,
    );
    const gateway = place.closeAfter(await startLatchkey({ args: ['--tools', file] }));
    const found = await report(gateway.url, { token: gateway.token });
    expect(idsOf(found, 'fail')).toEqual([]);
    expect(findingOf(found, 'token-accepted')?.saw).toBe('accepted; it sees 1 tool');
    expect(spawnSync('ls', [place.folder]).stdout.toString()).not.toContain('ran');
  });

  it('passes before an issuer’s tokens, with JWTs that it did not sign refused', async () => {
    const issuer = place.closeAfter(await startIssuer());
    const spy = place.closeAfter(await startSpyUpstream());
    const gateway = place.closeAfter(
      await startLatchkey({
        config: { upstream: { url: spy.url }, auth: { issuers: { test: { issuer: issuer.url } } } },
      }),
    );
    const found = await report(gateway.url);
    expect(idsOf(found, 'fail')).toEqual([]);
    for (const id of ['unsigned-token', 'foreign-key', 'confused-key'])
      expect(findingOf(found, id)).toMatchObject({ verdict: 'pass', saw: '401, invalid_token' });
    expect(spy.requests).toEqual([]);
  });
});

describe('latchkey check of other servers', () => {
  it('fails an open one: the published "everything" server', async () => {
    const everything = upstreams.find(({ name }) => name === 'everything over HTTP');
    const running = place.closeAfter(await everything!.start(join(place.folder, 'journal')));
    const found = await report((running.config as { url: string }).url);
    expect(found).toMatchObject({ code: 1, revisions: ['2025-11-25'], server: 'mcp-servers/everything 2.0.0' });
    expect(idsOf(found, 'fail')).toEqual(['no-token', 'lying-host', 'foreign-origin']);
    expect(idsOf(found, 'warn')).toEqual(['batch', 'duplicate-keys']);
    expect(findingOf(found, 'bad-token')?.verdict).toBe('skip');
  });

  it('warns of what the guard of the official SDK lets through', async () => {
    const server = place.closeAfter(await startBearerServer());
    const stranger = await report(server.url);
    expect({ fail: idsOf(stranger, 'fail'), warn: idsOf(stranger, 'warn') }).toEqual({
      fail: [],
      warn: ['challenge-error'],
    });
    expect(findingOf(stranger, 'foreign-origin')).toMatchObject({
      verdict: 'skip',
      saw: expect.stringContaining('401'),
    });
    const holder = await report(server.url, { token: server.token });
    expect({ fail: idsOf(holder, 'fail'), warn: idsOf(holder, 'warn') }).toEqual({
      fail: [],
      warn: ['challenge-error', 'two-tokens', 'lying-host', 'foreign-origin', 'batch', 'duplicate-keys'],
    });
    expect(findingOf(holder, 'mcp-name-lie')).toMatchObject({
      verdict: 'pass',
      saw: expect.stringContaining('-32020'),
    });
    expect(server.calls()).toBe(0);
  });

  it('passes one without flaws in every probe it can try', async () => {
    const server = place.closeAfter(await startFlawedServer());
    const found = await report(server.url, { token: server.token });
    expect({ fail: idsOf(found, 'fail'), warn: idsOf(found, 'warn') }).toEqual({ fail: [], warn: [] });
    expect(idsOf(found, 'skip')).toEqual(['plain-http', 'session-alone']);
    expect(server.called.length).toBeGreaterThan(3);
    expect(server.called.filter((name) => !NO_TOOL.test(name))).toEqual([]);
  });
});

describe('latchkey check of a server with a flaw', () => {
  const letIn: Flaw = (asked, honest) =>
    asked.path === '/mcp' ? honest({ ...asked, headers: { ...asked.headers, authorization: RIGHT } }) : null;
  const RIGHT = 'Bearer right-token-of-the-fixture-4711';

  it.each<[string, Flaw, readonly string[]]>([
    [
      'metadata of another resource',
      withMembers(RESOURCE_PATH, { resource: 'https://other.example/mcp' }),
      ['resource-match'],
    ],
    ['metadata of another issuer', withMembers(ISSUER_PATH, { issuer: 'https://honest.example' }), ['issuer-match']],
    ['401 without a challenge', (_asked, honest) => (honest().status === 401 ? { status: 401 } : null), ['challenge']],
    [
      'a token in the query',
      (asked, honest) => (RIGHT.endsWith(asked.query.get('access_token') ?? '-') ? letIn(asked, honest) : null),
      ['query-token'],
    ],
    ['200 to anybody', letIn, ['no-token']],
    ['silence', () => 'hang', ['reachable']],
    ['garbage', () => '\u0000\u0001\u0002 no HTTP\r\n\r\n', ['reachable']],
    ['a redirect', () => ({ status: 307, headers: { location: 'https://elsewhere.example/mcp' } }), ['mcp-server']],
    [
      'a page',
      () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hello</h1>' }),
      ['mcp-server'],
    ],
  ])('fails at %s', async (_what, flaw, failed) => {
    const server = place.closeAfter(await startFlawedServer(flaw));
    const found = await report(server.url, { token: server.token, args: ['--timeout', '2s'] });
    expect(found.code).toBe(1);
    expect(idsOf(found, 'fail')).toEqual(failed);
    expect(server.called.filter((name) => !NO_TOOL.test(name))).toEqual([]);
  });

  it('sends the token nowhere along a redirect', async () => {
    const other = place.closeAfter(await startFlawedServer());
    const server = place.closeAfter(await startFlawedServer(() => ({ status: 307, headers: { location: other.url } })));
    await report(server.url, { token: server.token });
    expect([...other.credentials, ...server.credentials]).toEqual([]);
  });
});

describe('latchkey check over TLS', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    if (!OPENSSL_MISSING) certificates = await makeCertificates();
  });

  it.skipIf(OPENSSL_MISSING)('passes a certificate of a trusted authority, and no plain HTTP at its port', async () => {
    const server = place.closeAfter(await startFlawedServer(() => null, certificates.right));
    const env = { NODE_EXTRA_CA_CERTS: certificates.authority.certFile };
    const found = await report(server.url, { token: server.token, env });
    expect({ fail: idsOf(found, 'fail'), warn: idsOf(found, 'warn') }).toEqual({ fail: [], warn: [] });
    expect(findingOf(found, 'encrypted')).toMatchObject({ verdict: 'pass', saw: expect.stringContaining('TLSv1.3') });
    expect(findingOf(found, 'plain-http')).toMatchObject({ verdict: 'pass' });
  });

  it.skipIf(OPENSSL_MISSING).each<['selfSigned' | 'expired' | 'wrongName' | 'stranger', RegExp, RegExp]>([
    ['selfSigned', /signed by itself/, /NODE_EXTRA_CA_CERTS/],
    ['expired', /has expired/, /Renew/],
    ['wrongName', /for another name/, /name that the certificate has/],
    ['stranger', /nobody whom this machine trusts/, /NODE_EXTRA_CA_CERTS/],
  ])('says what is wrong with a certificate: %s', async (kind, saw, advice) => {
    const server = place.closeAfter(await startFlawedServer(() => null, certificates[kind]));
    const trust = { NODE_EXTRA_CA_CERTS: certificates.authority.certFile };
    const env = kind === 'expired' || kind === 'wrongName' ? trust : {};
    const found = await report(server.url, { token: server.token, env });
    expect(idsOf(found, 'fail')).toEqual(['reachable']);
    expect(findingOf(found, 'reachable')?.saw).toMatch(saw);
    expect(findingOf(found, 'reachable')?.advice).toMatch(advice);
    expect(server.credentials).toEqual([]);
  });
});
