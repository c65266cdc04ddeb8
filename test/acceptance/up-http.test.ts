import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runLatchkey } from '../fixtures/latchkey.ts';
import { headerValue, type RawAnswer } from '../fixtures/raw-http.ts';
import { answerOf, startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import { legacyCall, modernCall, openSession, send, startSite, type Call, type Site } from './harness.ts';

const SECRET = 'S3cretOfTheUpstream-4711';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const INITIALIZED = answerOf(
  '200 OK',
  { ...JSON_TYPE, 'Mcp-Session-Id': 'inner-session' },
  '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}',
);

let upstream: ScriptedUpstream;
/** Where a gateway that can be led astray would go. */
let elsewhere: ScriptedUpstream;
let site: Site;
let session: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream(INITIALIZED);
  elsewhere = await startScriptedUpstream(answerOf('200 OK', JSON_TYPE, '{"marker":"from-elsewhere"}'));
  const headers = { Authorization: { env: 'UPSTREAM_AUTHORIZATION' }, 'X-Upstream-Key': { env: 'UPSTREAM_KEY' } };
  site = await startSite(
    {
      upstream: { url: `${upstream.url}?tenant=hidden-tenant`, headers, timeout: '2s' },
      limits: { responseBytes: '64KiB' },
    },
    { UPSTREAM_AUTHORIZATION: `Bearer ${SECRET}`, UPSTREAM_KEY: SECRET, LATCHKEY_LOG: 'debug' },
  );
});
beforeEach(async () => {
  // One of the ways ends it.
  upstream.script = INITIALIZED;
  session = await openSession(site);
  upstream.reset();
  elsewhere.reset();
});
afterAll(async () => {
  await site.close();
  await upstream.close();
  await elsewhere.close();
});

const WAYS: readonly (() => Call)[] = [
  () => ({}),
  () => modernCall('tools/list'),
  () => modernCall('server/discover'),
  () => legacyCall('initialize', { protocolVersion: '2025-11-25', capabilities: {} }, null),
  () => legacyCall('tools/call', { name: 'echo', arguments: {} }, session),
  () => ({ ...stream, method: 'GET' }),
  () => ({ ...stream, method: 'DELETE' }),
];
const stream = {
  get headers() {
    return { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session };
  },
};

/** Nothing of the upstream is in the answer: neither its credentials nor where it is, nor what it said. */
function expectNothingOf(answer: RawAnswer, ...more: readonly string[]): void {
  const text = JSON.stringify(answer);
  const inner = [SECRET, 'X-Upstream-Key', 'x-upstream-key', String(upstream.port), 'hidden-tenant', 'inner-session'];
  for (const each of [...inner, ...more]) expect(text).not.toContain(each);
}

/** In every way of asking, that answer of the upstream gives 502 and leads nowhere. */
async function expectBadGateway(script: string | null, ...hidden: readonly string[]): Promise<void> {
  for (const way of WAYS) {
    upstream.script = script;
    const answer = await send(site, way());
    expect([502, 504]).toContain(answer.status);
    expectNothingOf(answer, ...hidden);
  }
  expect(elsewhere.connections()).toBe(0);
  expect(elsewhere.bytes()).toBe('');
}

test('UP-01 No token passthrough: HTTP', async () => {
  const own = { Cookie: 'session=CLIENTSECRET', DPoP: 'CLIENTSECRET', 'Proxy-Authorization': 'Basic CLIENTSECRET' };
  const more = Object.fromEntries(
    'X-Authorization X-Auth-Token X-Access-Token X-Api-Token Api-Key X-Amz-Security-Token X-Goog-Api-Key X-CSRF-Token X-Forwarded-Access-Token X-Id-Token Authentication Cookie2 Set-Cookie Sec-WebSocket-Protocol Authorization-Extra X-Upstream-Key'
      .split(' ')
      .map((name) => [name, 'CLIENTSECRET']),
  );
  const keyed = { Authorization: null, 'X-API-Key': site.apiKey };
  for (const credential of [{}, keyed, { Authorization: `bearer ${site.tokens.aliceRead}` }]) {
    for (const way of WAYS) {
      const call = way();
      if (call.headers?.['Mcp-Session-Id'] === session && credential === keyed) continue;
      upstream.reset();
      upstream.script = INITIALIZED;
      await send(site, { ...call, headers: { ...call.headers, ...own, ...more, ...credential } });
      const seen = upstream.bytes();
      // The upstream's own credential is there, once, and nothing of the caller's.
      expect(seen).toContain(`authorization: Bearer ${SECRET}\r\n`);
      for (const secret of ['CLIENTSECRET', site.tokens.aliceRead, site.apiKey, session])
        expect(seen).not.toContain(secret);
      expect(seen.toLowerCase()).not.toMatch(/^(?:cookie2?|dpop|proxy-authorization|x-api-key|set-cookie):/m);
    }
  }
});

test('UP-02 Upstream credentials stay in', async () => {
  const echo = `Authorization: Bearer ${SECRET} at ${upstream.url}`;
  const told = {
    'X-Debug': echo,
    'Set-Cookie': `a=${SECRET}`,
    Server: 'inner/1',
    Via: `1.1 ${upstream.port}`,
    'X-Powered-By': 'inner',
  };
  for (const status of [
    '401 Unauthorized',
    '403 Forbidden',
    '407 Proxy',
    '500 Oops',
    '502 Bad',
    '503 Busy',
    '504 Late',
    '599 Odd',
  ]) {
    const challenge = {
      'WWW-Authenticate': `Bearer error="${SECRET}"`,
      'Proxy-Authenticate': `Basic realm="${SECRET}"`,
    };
    for (const type of ['application/json', 'text/html', 'text/event-stream'])
      await expectBadGateway(answerOf(status, { ...told, ...challenge, 'Content-Type': type }, echo), 'inner', 'debug');
  }
  const broken: (string | null)[] = [
    null,
    'not HTTP at all\r\n\r\n',
    `${SECRET}\r\n\r\n`,
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Encoding: gzip\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX-${SECRET}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
  ];
  for (const script of broken) await expectBadGateway(script);
  // A request gets no page for an answer; to a DELETE the status says everything.
  const pages = [
    answerOf('200 OK', { ...told, 'Content-Type': 'text/html' }, `<pre>${echo}</pre>`),
    answerOf('200 OK', { ...told, ...JSON_TYPE, 'Content-Encoding': 'gzip' }, echo),
  ];
  for (const script of pages) {
    for (const way of WAYS) {
      const call = way();
      upstream.script = script;
      const answer = await send(site, call);
      expect([answer.status, call.method === 'DELETE' ? answer.body : '']).toEqual([
        call.method === 'DELETE' ? 200 : 502,
        '',
      ]);
      expectNothingOf(answer, 'inner', 'debug');
    }
    session = await reopen();
  }
  // Where the upstream's status is the caller's business, nothing else of a page is.
  for (const status of ['400 Bad Request', '404 Not Found', '409 Conflict', '429 Slow', '418 Tea']) {
    for (const way of WAYS) {
      upstream.script = answerOf(status, { ...told, 'Content-Type': 'text/html' }, echo);
      const answer = await send(site, way());
      expect(answer.body).toBe('');
      expectNothingOf(answer, 'inner');
      if (answer.status === 404) session = await reopen();
    }
  }
  // An answer that passes has none of the upstream's headers that are not MCP's.
  upstream.script = answerOf('200 OK', { ...told, ...JSON_TYPE }, '{"jsonrpc":"2.0","id":1,"result":{}}');
  expectNothingOf(await send(site, modernCall('server/discover')), 'inner', 'debug');
  expect(site.gateway.talk() + (await site.gateway.command('trail', '--json'))).not.toContain(SECRET);
});

test('the id of a session is sealed, whatever else is said of it', async () => {
  for (const more of [{ Allow: 'mcp-session-id' }, { 'Retry-After': 'mcp-session-id' }]) {
    upstream.script = INITIALIZED.replace('\r\n', `\r\n${Object.entries(more)[0]?.join(': ')}\r\n`);
    const id = await openSession(site);
    expect(id).toMatch(/^inner-session\.[0-9a-f]{32}$/);
    upstream.script = answerOf('200 OK', JSON_TYPE, '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
    expect((await send(site, legacyCall('tools/call', { name: 'echo', arguments: {} }, id))).status).toBe(200);
  }
});

test('how long to wait, and what may be asked, is said with a status whatever page is behind it', async () => {
  for (const type of [JSON_TYPE, { 'Content-Type': 'text/html' }, {}]) {
    upstream.script = answerOf(
      '429 Slow',
      { ...type, 'Retry-After': '7', 'X-Inner': 'host-7' },
      type === JSON_TYPE ? '{}' : 'inner',
    );
    const slow = await send(site, modernCall('server/discover'));
    expect([slow.status, headerValue(slow, 'retry-after')]).toEqual([429, '7']);
    upstream.script = answerOf('405 No', { ...type, Allow: 'POST' }, type === JSON_TYPE ? '{}' : 'inner');
    const wrong = await send(site, modernCall('server/discover'));
    expect([wrong.status, headerValue(wrong, 'allow')]).toEqual([405, 'POST']);
    for (const answer of [slow, wrong]) {
      expect(headerValue(answer, 'cache-control')).toContain('no-store');
      expectNothingOf(answer, 'inner');
    }
  }
});

async function reopen(): Promise<string> {
  const before = upstream.script;
  upstream.script = INITIALIZED;
  const id = await openSession(site);
  upstream.script = before;
  return id;
}

test('UP-02 Upstream credentials stay in: URL with user and password', async () => {
  for (const url of [
    `http://user:${SECRET}@127.0.0.1:1/mcp`,
    `http://${SECRET}@127.0.0.1:1/`,
    `http://:${SECRET}@127.0.0.1/`,
  ]) {
    const ended = await runLatchkey(['run', '--json', '--listen', '127.0.0.1:0', '--upstream', url], {
      LATCHKEY_STORE: site.gateway.store,
    });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^latchkey: E_CONFIG_INVALID .*\n {2}hint: /);
    expect(ended.stderr).not.toContain(SECRET);
  }
});

test('UP-03 Redirects from upstream', async () => {
  const places = [
    elsewhere.url,
    `http://127.0.0.1:${elsewhere.port}/mcp`,
    `http://localhost:${elsewhere.port}/`,
    `//127.0.0.1:${elsewhere.port}/mcp`,
    `http://user:pw@127.0.0.1:${elsewhere.port}/`,
    'file:///etc/passwd',
    'http://169.254.169.254/latest/meta-data/',
    '/other-path',
    upstream.url,
    'javascript:alert(1)',
    'gopher://127.0.0.1/',
    '',
    'http://[::1]:1/',
  ];
  for (const status of [
    '301 Moved',
    '302 Found',
    '303 See Other',
    '307 Temporary',
    '308 Permanent',
    '300 Choices',
    '305 Use Proxy',
    '304 Same',
  ]) {
    for (const place of places)
      await expectBadGateway(
        answerOf(status, { Location: place, Refresh: `0; url=${place}` }),
        'root:',
        'passwd',
        'Location',
        'location',
      );
    expect(upstream.bytes()).not.toContain('/other-path');
  }
});

/** Processes whose parent is the gateway. */
function children(): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        new RegExp(`\\) \\S ${site.gateway.pid} `).test(readFileSync(`/proc/${name}/stat`, 'utf8'))
      );
    } catch {
      return false;
    }
  });
}

// Without upstream.auth the gateway is no OAuth client (where it is one: prm-upstream.test.ts). Whatever an upstream says
// about authorization, it asks nobody, opens nothing, sends its configured credential to nobody else, and shows the caller
// none of it.

/** What an upstream may say of the authorization server at that address. */
function authorizationAnswers(at: string): readonly string[] {
  const challenge = `Bearer error="invalid_token", error_description="go to ${at}", resource_metadata="${at}", authorization_uri="${at}", realm="${at}"`;
  const metadata = JSON.stringify({
    issuer: at,
    resource: at,
    authorization_servers: [at],
    authorization_endpoint: at,
    token_endpoint: at,
    registration_endpoint: at,
    jwks_uri: at,
  });
  const link = { Link: `<${at}>; rel="oauth2-authorization-server"`, Location: at, 'X-Redirect': at };
  return [
    answerOf('401 Unauthorized', { ...JSON_TYPE, ...link, 'WWW-Authenticate': challenge }, metadata),
    answerOf('403 Forbidden', { ...JSON_TYPE, ...link, 'WWW-Authenticate': `${challenge}, scope="all"` }, metadata),
    answerOf('407 Proxy Authentication Required', { ...link, 'Proxy-Authenticate': challenge }, metadata),
    answerOf('302 Found', { ...link, 'WWW-Authenticate': challenge }, metadata),
  ];
}

test('UP-14 As OAuth client: issuer checks', async () => {
  const issuers = [
    elsewhere.url,
    `${elsewhere.url}/`,
    elsewhere.url.toUpperCase(),
    `${elsewhere.url}?iss=x`,
    'https://issuer.example',
  ];
  for (const issuer of issuers) {
    const returned = `${elsewhere.url}/callback?iss=${encodeURIComponent(issuer)}&error=access_denied&error_description=told-by-attacker`;
    for (const place of [issuer, returned])
      for (const script of authorizationAnswers(place))
        await expectBadGateway(script, 'told-by-attacker', 'issuer.example', '/callback', 'authorization_servers');
  }
  // There is no callback to come back to.
  for (const target of ['/oauth/callback', '/callback', '/.latchkey/callback'])
    expect((await send(site, { method: 'GET', target: `${target}?code=x&iss=${elsewhere.url}` })).status).toBe(404);
});

test('UP-15 As OAuth client: credentials keyed by issuer', async () => {
  const another = await startScriptedUpstream(answerOf('200 OK', JSON_TYPE, '{}'));
  // First one authorization server, then another: the configured credential goes to the upstream alone.
  for (const server of [elsewhere, another, elsewhere])
    for (const script of authorizationAnswers(server.url)) await expectBadGateway(script, String(server.port));
  expect(another.connections()).toBe(0);
  const authorizations = upstream.bytes().match(/^authorization: .*$/gim) ?? [];
  expect(new Set(authorizations.map((line) => line.trim()))).toEqual(new Set([`authorization: Bearer ${SECRET}`]));
  await another.close();
});

test('UP-16 As OAuth client: URL schemes and SSRF', async () => {
  const before = children();
  const places = [
    'javascript:alert(document.domain)',
    'file:///etc/passwd',
    'http://169.254.169.254/latest/meta-data/iam',
    'http://[fd00:ec2::254]/',
    `http://127.0.0.1:${elsewhere.port}/.well-known/oauth-authorization-server`,
    `http://localhost:${elsewhere.port}/`,
    `http://[::ffff:127.0.0.1]:${elsewhere.port}/`,
    'data:text/html,<script>1</script>',
    'ms-settings:x',
    'vscode://x',
    '$(touch /tmp/latchkey-up-16)',
    '`touch /tmp/latchkey-up-16`',
    "https://a.example/';calc.exe;'",
    'https://a.example/$(calc.exe)?response_type=code',
  ];
  for (const place of places)
    for (const script of authorizationAnswers(place))
      await expectBadGateway(script, 'alert', 'passwd', '169.254', 'calc', 'a.example', 'vscode', 'touch');
  expect(children()).toEqual(before);
  expect(readdirSync('/tmp')).not.toContain('latchkey-up-16');
});
