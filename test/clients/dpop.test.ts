import { Client, DpopSession, StreamableHTTPClientTransport, withDpop } from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';

const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

describe.each([false, true])('clients that hold a key, where a nonce is asked for: %s', (nonce) => {
  let issuer: TestIssuer;
  let spy: SpyUpstream;
  let gateway: Latchkey;
  beforeAll(async () => {
    [issuer, spy] = await Promise.all([startIssuer(), startSpyUpstream()]);
    const auth = { issuers: { test: { issuer: issuer.url } }, dpop: { required: true, nonce } };
    gateway = await startLatchkey({
      config: { upstream: { url: spy.url }, auth, tools: { '*': { scopes: ['use'] } } },
    });
  });
  afterAll(() => Promise.all([gateway.close(), spy.close(), issuer.close()]));

  const mint = (jkt: string): Promise<string> => issuer.accessToken({ aud: gateway.url, scope: 'use', cnf: { jkt } });

  it.each([{ mode: 'legacy' }, { mode: 'auto' }] as const)(
    'the official SDK lists and calls tools with $mode',
    async ({ mode }) => {
      for (const alg of ['ES256', 'EdDSA', 'PS256'] as const) {
        const session = await DpopSession.create({ alg });
        const token = await mint(session.thumbprint);
        const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
        const fetching = withDpop(session, () => token)(fetch);
        await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { fetch: fetching }));
        expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
        const result = await client.callTool({ name: 'echo', arguments: { text: 'hi' } });
        expect(JSON.stringify(result.content)).toContain('ran');
        expect(session.nonceFor(gateway.url) === undefined).toBe(!nonce);
        await client.close();
      }
    },
  );

  it.each(['ES256', 'Ed25519', 'RS256', 'PS256'])('oauth4webapi asks with a key for %s', async (alg) => {
    const keys = await oauth.generateKeyPair(alg);
    const dpop = oauth.DPoP({}, keys);
    const token = await mint(await dpop.calculateThumbprint());
    const headers = new Headers({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    });
    const ask = (): Promise<Response> =>
      oauth.protectedResourceRequest(token, 'POST', new URL(gateway.url), headers, BODY, {
        DPoP: dpop,
        [oauth.allowInsecureRequests]: true,
      });
    const first = await ask().catch((error: unknown) => error);
    expect([oauth.isDPoPNonceError(first), first instanceof Response]).toEqual([nonce, !nonce]);
    for (let round = 0; round < 2; round += 1) expect((await ask()).status).toBe(200);
    const refusal = await oauth
      .protectedResourceRequest(token, 'POST', new URL(gateway.url), headers, BODY, {
        [oauth.allowInsecureRequests]: true,
      })
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    const challenges = (refusal as oauth.WWWAuthenticateChallengeError).cause;
    expect(challenges.map(({ scheme, parameters }) => [scheme, parameters.error])).toEqual([
      ['bearer', 'invalid_token'],
      ['dpop', undefined],
    ]);
    expect(challenges[1]?.parameters['algs']?.split(' ')).toContain('ES256');
  });
});
