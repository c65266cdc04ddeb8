import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates, OPENSSL_MISSING, type Certificates, type KeyPair } from '../fixtures/certificates.ts';
import { startGuardedUpstream } from '../fixtures/guarded-upstream.ts';
import { startIssuer } from '../fixtures/issuer.ts';
import { runLatchkey, startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw, type RawAnswer } from '../fixtures/raw-http.ts';
import { answerOf, startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import { META, REVISION, send } from './harness.ts';

let certificates: Certificates;
beforeAll(async () => {
  if (!OPENSSL_MISSING) certificates = await makeCertificates();
});
afterAll(async () => {
  if (!OPENSSL_MISSING) await rm(dirname(certificates.authority.certFile), { recursive: true });
});

const DISCOVERED = answerOf('200 OK', { 'Content-Type': 'application/json' }, '{"jsonrpc":"2.0","id":1,"result":{}}');

interface Upstreams {
  readonly [name: string]: { readonly pair: KeyPair; readonly tls: object };
}

/** Asks each upstream through one gateway; says the status of the answer, and what the upstream read. */
async function askAll(upstreams: Upstreams, env: Readonly<Record<string, string>> = {}): Promise<object> {
  const started = new Map<string, ScriptedUpstream>();
  const servers: Record<string, object> = {};
  for (const [name, { pair, tls }] of Object.entries(upstreams)) {
    const upstream = await startScriptedUpstream(DISCOVERED, { cert: pair.cert, key: pair.key });
    started.set(name, upstream);
    servers[name] = { upstream: { url: upstream.url, tls, headers: { 'X-Key': { env: 'UPSTREAM_KEY' } } } };
  }
  const gateway = await startLatchkey({ config: { servers }, env: { ...env, UPSTREAM_KEY: 'S3cretOfTheUpstream' } });
  const outcomes: Record<string, object> = {};
  for (const [name, upstream] of started) {
    const answer = await discover(gateway, `/${name}/mcp`);
    expect(JSON.stringify(answer.body)).not.toMatch(/certificate|self.signed|CERT|altname|127\.0\.0\.1/i);
    expect(upstream.connections()).toBe(1);
    outcomes[name] = { status: answer.status, read: upstream.bytes() === '' ? 'nothing' : 'a request' };
  }
  await gateway.close();
  for (const upstream of started.values()) await upstream.close();
  return outcomes;
}

async function discover({ url, token }: Latchkey, path: string): Promise<RawAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: META } });
  const headers = [
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `MCP-Protocol-Version: ${REVISION}`,
    'Mcp-Method: server/discover',
    `Content-Length: ${body.length}`,
  ];
  const [answer] = await exchangeRaw(url, `POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`, 1, 20_000);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const REFUSED = { status: 502, read: 'nothing' };

/** Every certificate; the right one is wrong too where its authority is not the one to trust. */
function allUpstreams(): Upstreams {
  const tls = { ca: certificates.authority.certFile };
  const { right, selfSigned, wrongName, expired, early, stranger, client } = certificates;
  return {
    right: { pair: right, tls },
    'self-signed': { pair: selfSigned, tls },
    'wrong-name': { pair: wrongName, tls },
    expired: { pair: expired, tls },
    early: { pair: early, tls },
    stranger: { pair: stranger, tls },
    client: { pair: client, tls },
    'no-authority': { pair: right, tls: {} },
    // The option for plain HTTP is for that alone.
    insecure: { pair: selfSigned, tls: { insecure: true } },
  };
}

const EXPECTED = {
  right: { status: 200, read: 'a request' },
  'self-signed': REFUSED,
  'wrong-name': REFUSED,
  expired: REFUSED,
  early: REFUSED,
  stranger: REFUSED,
  client: REFUSED,
  'no-authority': REFUSED,
  insecure: REFUSED,
};

test.skipIf(OPENSSL_MISSING)('UP-04 Upstream TLS: certificates', async () => {
  expect(await askAll(allUpstreams())).toEqual(EXPECTED);
});

test.skipIf(OPENSSL_MISSING)('UP-04 Upstream TLS: no way round the check', async () => {
  expect(await askAll(allUpstreams(), { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual(EXPECTED);
  for (const tls of [{ rejectUnauthorized: false }, { verify: false }, { insecure: 'yes' }])
    await expect(startLatchkey({ config: { upstream: { url: 'https://127.0.0.1:1', tls } } })).rejects.toThrow(
      'E_CONFIG_INVALID',
    );
});

test.skipIf(OPENSSL_MISSING)(
  'UP-04 Upstream TLS: issuers are believed by the authority that the configuration names',
  async () => {
    const { authority, right, stranger } = certificates;
    const upstream = await startGuardedUpstream();
    upstream.accepts = () => true;
    const spy = await startSpyUpstream();
    for (const [pair, status, granted] of [
      [right, 200, 1],
      [stranger, 503, 0],
    ] as const) {
      const issuer = await startIssuer();
      const front = createServer({ cert: pair.cert, key: pair.key }, (request, response) => {
        const asked = httpRequest(`${issuer.origin}${request.url}`, {
          method: request.method,
          headers: request.headers,
        });
        asked.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers)));
        request.pipe(asked);
      });
      front.on('tlsClientError', () => {});
      await once(front.listen(0, '127.0.0.1'), 'listening');
      const url = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const metadata = { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` };
      issuer.answer('/.well-known/oauth-authorization-server', metadata);
      issuer.answer('/token', { access_token: 'up.1', token_type: 'bearer', expires_in: 3600 });
      const client = { id: 'gateway', secret: { env: 'CLIENT_SECRET' } };
      const tls = { ca: authority.certFile };
      const gateway = await startLatchkey({
        config: {
          auth: { issuers: { test: { issuer: url, tls } } },
          servers: {
            plain: { upstream: { url: spy.url }, tools: { echo: {} } },
            granted: { upstream: { url: upstream.url, auth: { clientCredentials: { issuer: url, client }, tls } } },
          },
        },
        env: { CLIENT_SECRET: 'S3cretOfTheClient-4711' },
      });
      const aud = `${new URL(gateway.url).origin}/plain/mcp`;
      const token = await issuer.accessToken({ iss: url, aud, scope: 'file:read' });
      const site = { gateway, tokens: { aliceRead: token } };
      expect((await send(site, { target: '/plain/mcp' })).status).toBe(status);
      expect((await send(site, { target: '/granted/mcp', token: gateway.token })).status).toBe(status);
      expect(issuer.countOf('/token')).toBe(granted);
      await gateway.close();
      front.close();
      await issuer.close();
    }
    await upstream.close();
  },
);

test('UP-04 Upstream TLS: plain HTTP to another machine', async () => {
  const hosts = [
    '192.0.2.1',
    'mcp.example',
    '127.0.0.1.example',
    'localhost.example',
    '0.0.0.0',
    '[2001:db8::1]',
    '[::ffff:192.0.2.1]',
    '[::]',
    '3221225985',
    '0300.0.2.1',
  ];
  const store = dirname(certificates.authority.certFile);
  for (const host of hosts) {
    const flags = ['--listen', '127.0.0.1:0', '--store', `${store}/store`, '--upstream', `http://${host}/mcp`];
    const ended = await runLatchkey(['run', '--json', ...flags]);
    expect({ host, code: ended.code, stdout: ended.stdout }).toEqual({ host, code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^latchkey: E_CONFIG_INVALID .*\n {2}hint: .*\n$/);
  }
  // Said explicitly, for this upstream, it starts.
  const gateway = await startLatchkey({
    config: { upstream: { url: 'http://192.0.2.1/mcp', tls: { insecure: true } } },
  });
  await gateway.close();
});
