import { afterEach, describe, expect, it } from 'vitest';
import { error, startFlawedServer, type Flaw, type FlawedServer } from '../../../../test/fixtures/flawed-server.ts';
import { Secret } from '../core/secret.ts';
import { PROBES } from './probes.ts';
import { runCheck, type Report } from './run-check.ts';

let server: FlawedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function check(
  flaw: Flaw,
  { timeoutMs = 5000, totalMs = 60_000, path = '' } = {},
): Promise<Report & { of(id: string): Report['findings'][number] }> {
  server = await startFlawedServer(flaw);
  const report = await runCheck({
    url: new URL(server.url + path),
    token: new Secret(server.token),
    timeoutMs,
    totalMs,
  });
  return { ...report, of: (id) => report.findings.find((finding) => finding.id === id)! };
}

const silentOnText: Flaw = ({ headers }) => (headers['content-type'] === 'text/plain' ? 'hang' : null);

describe('PROBES', () => {
  it('have ids of their own, and each a reason and a source', () => {
    expect(new Set(PROBES.map(({ id }) => id)).size).toBe(PROBES.length);
    for (const { id, tries, why, source } of PROBES) {
      expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(tries.length).toBeGreaterThan(10);
      expect(why).toMatch(/\.$/);
      expect(source).toMatch(/RFC|MCP|CWE|OAuth/);
    }
  });
});

describe('runCheck', () => {
  it('has a finding for each probe, in order, and asks each server one thing at a time', async () => {
    let open = 0;
    let most = 0;
    const report = await check(() => {
      most = Math.max(most, ++open);
      setImmediate(() => (open -= 1));
      return null;
    });
    expect(report.findings.map(({ id }) => id)).toEqual(PROBES.map(({ id }) => id));
    expect(most).toBe(1);
  });

  it('sends fewer than a hundred requests, and seven credentials that are not valid', async () => {
    let requests = 0;
    await check(() => {
      requests += 1;
      return null;
    });
    expect(requests).toBeGreaterThan(40);
    expect(requests).toBeLessThan(100);
    const wrong = server!.credentials.filter((given) => !given.includes('right-token'));
    expect(wrong).toHaveLength(7);
  });

  it('ends at its time, says that it did not finish, and is not ok', async () => {
    const begun = performance.now();
    const report = await check(silentOnText, { timeoutMs: 60_000, totalMs: 2500 });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(report).toMatchObject({ complete: false, ok: false, summary: { fail: 0 } });
    expect(report.of('survives')).toMatchObject({ verdict: 'skip', saw: 'there was no time left' });
  });

  it('warns where one kind of request has no answer, and goes on', async () => {
    const report = await check(silentOnText, { timeoutMs: 300 });
    expect(report.of('content-type')).toMatchObject({
      verdict: 'warn',
      saw: expect.stringContaining('no answer in time'),
    });
    expect(report.complete).toBe(true);
  });

  it('says that the server is gone when a request ended it, and blames no other probe for it', async () => {
    const report = await check(({ body, headers }) => {
      if (headers.authorization === undefined || body === '' || isJson(body)) return null;
      void server!.close();
      server = null;
      return 'hang';
    });
    expect(report.of('survives')).toMatchObject({
      verdict: 'fail',
      saw: expect.stringContaining('not there any more'),
    });
    expect(report.findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['survives']);
  });

  it('holds neither the token nor a key of the URL, though the server repeats them', async () => {
    const report = await check(
      ({ headers: { authorization }, query, url }) => ({
        ...error(200, -32_000, String(authorization)),
        headers: {
          'www-authenticate': `Bearer resource_metadata="${url}?${query}&${authorization}", error="${authorization}"`,
        },
        status: 401,
      }),
      { path: '?key=a-key-in-the-url' },
    );
    const text = JSON.stringify(report);
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('right-token');
    expect(text).not.toContain('a-key-in-the-url');
  });

  it('is at peace with answers that are made to hurt', async () => {
    const deep = `{"resource":${'['.repeat(50_000)}${']'.repeat(50_000)},"authorization_servers":["mailto:x","data:,","https://[::1","//h"]}`;
    const hostile: readonly Flaw[] = [
      () => ({ status: 400, body: '\n'.repeat(900_000) }),
      () => ({ status: 200, body: '['.repeat(900_000) }),
      ({ path }) => (path.startsWith('/.well-known') ? { status: 200, body: deep } : null),
      ({ url }) => ({ status: 401, headers: { 'www-authenticate': `${'Bearer ,="'.repeat(800)}${url}` } }),
      () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'data: {\n\n'.repeat(50_000) }),
    ];
    for (const flaw of hostile) {
      const report = await check(flaw, { timeoutMs: 2000 });
      await server!.close();
      expect(report.complete).toBe(true);
      expect(Math.max(...report.findings.map(({ saw }) => saw.length))).toBeLessThanOrEqual(1000);
    }
    server = null;
  });

  it('says of a server that limits everybody, or is down, what it is', async () => {
    const limited = await check(() => ({ status: 429 }));
    expect(limited.of('mcp-server')).toMatchObject({ verdict: 'warn', saw: '429: it asks to wait' });
    await server!.close();
    const down = await check(() => ({ status: 503 }));
    expect(down.of('mcp-server')).toMatchObject({ verdict: 'fail', saw: expect.stringContaining('503') });
  });

  it('does not blame the token for a limit', async () => {
    const report = await check(({ headers }) =>
      headers.authorization?.includes('right-token') ? { status: 429 } : null,
    );
    expect(report.of('token-accepted')).toMatchObject({ verdict: 'skip', saw: expect.stringContaining('429') });
  });

  it('takes a limit for no answer', async () => {
    const report = await check(({ headers: { authorization = '' } }) =>
      authorization === '' || authorization.includes('right-token') ? null : { status: 429 },
    );
    expect(report.of('bad-token')).toMatchObject({ verdict: 'skip', saw: expect.stringContaining('429') });
    expect(report.ok).toBe(true);
  });

  it.each<[string, Flaw, RegExp, RegExp]>([
    [
      'a redirect',
      () => ({ status: 308, headers: { location: 'https://other.example/mcp' } }),
      /308.*other/,
      /latchkey check https:\/\/other/,
    ],
    [
      'a page',
      () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }),
      /200 with text\/html/,
      /path/,
    ],
    ['nothing at that path', () => ({ status: 404, headers: { 'content-type': 'text/plain' } }), /404/, /path/],
    [
      'a sign-in of browsers',
      () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
      /401/,
      /WWW-Authenticate: Bearer/,
    ],
    [
      'the old transport',
      ({ method }) =>
        method === 'GET'
          ? { status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'event: endpoint\ndata: /m\n\n' }
          : { status: 405 },
      /HTTP\+SSE/,
      /Streamable HTTP/,
    ],
  ])('tells %s from an MCP server', async (_what, flaw, saw, advice) => {
    const report = await check((asked, honest) =>
      asked.path.startsWith('/.well-known') ? { status: 404 } : flaw(asked, honest),
    );
    const finding = report.of('mcp-server');
    expect(finding).toMatchObject({ verdict: 'fail' });
    expect(finding.saw).toMatch(saw);
    expect(finding.advice).toMatch(advice);
    const others = report.findings.filter(({ group }) => group !== 'connection');
    expect(others.filter(({ verdict }) => verdict !== 'skip')).toEqual([]);
  });

  it.each<[string, Flaw, RegExp]>([
    ['garbage', () => 'SSH-2.0-OpenSSH_9.9\r\n', /no HTTP/],
    ['an answer that never comes', () => 'hang', /no answer within/],
  ])('tells %s from an answer', async (_what, flaw, saw) => {
    const report = await check(flaw, { timeoutMs: 400 });
    expect(report.of('reachable')).toMatchObject({ verdict: 'fail', saw: expect.stringMatching(saw) });
    expect(report.findings.filter(({ verdict }) => verdict === 'fail')).toHaveLength(1);
    expect(report.durationMs).toBeLessThan(5000);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
