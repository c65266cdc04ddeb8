import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import { startBareSite } from './bare-site.ts';
import { expectRefused, expectUpstreamUntouched, send, type Call, type Site } from './harness.ts';
import { getCall, openSse, postCall, request } from './sse-client.ts';

let issuer: TestIssuer;
let site: Site;
let origin: string;

beforeAll(async () => {
  issuer = await startIssuer();
  site = await startServers({});
  origin = new URL(site.gateway.url).origin;
});
afterAll(async () => {
  await site.close();
  await issuer.close();
});

/** Two servers, so that tokens for the one can be shown to the other. */
async function startServers(more: object): Promise<Site> {
  const spy = await startSpyUpstream();
  const upstream = { url: spy.url };
  const bare = await startBareSite({
    upstream: undefined,
    servers: { files: { upstream }, db: { upstream } },
    auth: { issuers: { test: { issuer: issuer.url } } },
    ...more,
  });
  return { ...bare, spy, close: () => Promise.all([bare.close(), spy.close()]).then(() => undefined) };
}

const tokenFor = (aud: string): Promise<string> => issuer.accessToken({ aud, scope: 'file:read' });
const metadataUrlOf = (answer: RawAnswer): string =>
  /resource_metadata="([^"]+)"/.exec(headerValues(answer, 'www-authenticate').join(', '))?.[1] ?? '';

test.each([
  ['the stream', getCall('/files/sse', null), '/files/sse'],
  ['a message', postCall('/files/messages?sessionId=1', request('ping'), null), '/files/sse'],
  ['the endpoint beside it', { target: '/files/mcp', token: null }, '/files/mcp'],
] as const)(
  'PRM-02 Challenge URL resolves, to the URL that clients of %s were given',
  async (_what, call: Call, path) => {
    const refused = await expectRefused(site, call, 401);
    const url = new URL(metadataUrlOf(refused));
    expect(url.href).toBe(`${origin}/.well-known/oauth-protected-resource${path}`);
    const answer = await send(site, { method: 'GET', target: url.pathname, token: null });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: `${origin}${path}`,
      authorization_servers: [issuer.url],
      resource_name: 'files',
    });
  },
);

test('a token for the stream is one for its server, and for no other', async () => {
  const token = await tokenFor(`${origin}/files/sse`);
  const client = await openSse(site, token, '/files/sse');
  expect(client.endpoint).toMatch(/^\/files\/messages\?/);
  client.stream.leave();
  for (const call of [getCall('/db/sse', token), { target: '/db/mcp', token }]) await expectRefused(site, call, 401);
});

test('a token for the stream is none where there is no stream', async () => {
  const bare = await startServers({ compat: { sse: false } });
  const { origin: own } = new URL(bare.gateway.url);
  await expectUpstreamUntouched(bare, async () => {
    const read = { method: 'GET', target: '/.well-known/oauth-protected-resource/files/sse', token: null };
    expect((await send(bare, read)).status).toBe(404);
    const call = { target: '/files/mcp', token: await tokenFor(`${own}/files/sse`) };
    expect((await send(bare, call)).status).toBe(401);
  });
  await bare.close();
});
