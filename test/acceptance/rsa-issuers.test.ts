import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { json, type RawAnswer } from '../fixtures/raw-http.ts';
import { readChallenge } from './challenge.ts';
import {
  expectRefused,
  legacyCall,
  modernCall,
  openSession,
  send,
  startSite,
  type Call,
  type Site,
} from './harness.ts';
import { BARE, getCall, openSse, postCall, toolCall } from './sse-client.ts';

const RULES = {
  tools: {
    echo: {},
    query: { scopes: ['file:read'] },
    copy_secret: { scopes: ['file:read', 'secret:read'] },
    never: { deny: true, scopes: ['admin'] },
  },
  compat: { sse: true, rest: true },
  resources: {},
  prompts: {},
};

interface IssuerSite extends Site {
  mint(claims?: object): Promise<string>;
}

let issuer: TestIssuer;
let site: IssuerSite;
let open: IssuerSite;
beforeAll(async () => {
  issuer = await startIssuer();
  site = await startIssuerSite({});
  // Some tools need nobody signed in.
  open = await startIssuerSite({ anonymous: { scopes: [] } });
});
afterAll(async () => {
  await site.close();
  await open.close();
  await issuer.close();
});

async function startIssuerSite(auth: object): Promise<IssuerSite> {
  const limits = { failedPerAddress: '100000/min' };
  const made = await startSite({ ...RULES, limits, auth: { issuers: { test: { issuer: issuer.url } }, ...auth } });
  const mint = (claims: object = {}): Promise<string> => issuer.accessToken({ aud: made.gateway.url, ...claims });
  return { ...made, mint };
}

const PAST = Math.floor(Date.now() / 1000) - 3600;
const rest = (tool: string, token: string | null): Call => ({
  target: '/mcp/tools/call',
  token,
  headers: BARE,
  body: JSON.stringify({ tool, params: {} }),
});

/** Every way in, with this token; those without a message of their own first. */
function doors(token: string | null, endpoint: string): Readonly<Record<string, Call>> {
  return {
    POST: { tool: 'copy_secret', token },
    'a list': { ...modernCall('tools/list'), token },
    GET: { ...getCall('/mcp', token), headers: { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25' } },
    DELETE: { method: 'DELETE', token, headers: { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': 'x' } },
    'POST of 2025': { ...legacyCall('tools/call', { name: 'copy_secret' }, 'x'), token },
    'GET /sse': getCall('/sse', token),
    'POST /messages': postCall(endpoint, toolCall('copy_secret'), token),
    'GET /mcp/tools': { method: 'GET', target: '/mcp/tools', token, headers: { Accept: 'application/json' } },
    'POST /mcp/tools/call': rest('copy_secret', token),
  };
}

test('RSA-04 Expired token: before its scopes are looked at, and the same at every door but for whose metadata it names', async () => {
  const stream = await openSse(site, await site.mint());
  const tokens: Readonly<Record<string, string>> = {
    'expired, without scope': await site.mint({ exp: PAST, scope: '' }),
    'expired, with every scope': await site.mint({ exp: PAST, scope: 'file:read secret:read' }),
    'for another': await site.mint({ aud: 'https://other.example/mcp' }),
    'no token': 'garbage',
  };
  for (const [what, token] of Object.entries(tokens)) {
    for (const [door, call] of Object.entries(doors(token, stream.endpoint))) {
      const answer = await expectRefused(site, call, 401);
      const { resource_metadata: metadata, ...challenge } = readChallenge(answer);
      expect({ what, door, ...challenge }).toEqual({ what, door, error: 'invalid_token' });
      const given = /^\/(sse|messages)/.test(call.target ?? '') ? '/sse' : '/mcp';
      expect(metadata?.endsWith(`/.well-known/oauth-protected-resource${given}`)).toBe(true);
    }
  }
  stream.stream.socket.destroy();
});

test('RSA-01 No credential: the same challenge at every door, without an error', async () => {
  const stream = await openSse(site, await site.mint());
  for (const call of Object.values(doors(null, stream.endpoint)))
    expect(Object.keys(readChallenge(await expectRefused(site, call, 401)))).toEqual(['resource_metadata']);
  stream.stream.socket.destroy();
});

test('RSA-21 One challenge, all scopes: for a token of an issuer, at every door that takes calls', async () => {
  const token = await site.mint({ scope: 'other' });
  const session = await openSession(site, token);
  const stepUps: Readonly<Record<string, Call>> = {
    POST: { tool: 'copy_secret', token },
    'POST of 2025': { ...legacyCall('tools/call', { name: 'copy_secret', arguments: {} }, session), token },
    'POST /mcp/tools/call': rest('copy_secret', token),
  };
  const stream = await openSse(site, token);
  for (const [door, call] of Object.entries({
    ...stepUps,
    'POST /messages': postCall(stream.endpoint, toolCall('copy_secret'), token),
  })) {
    const answer = await send(site, call);
    expect({ door, status: answer.status }).toEqual({ door, status: 403 });
    expect(readChallenge(answer)).toMatchObject({ error: 'insufficient_scope', scope: 'file:read secret:read' });
  }
  stream.stream.socket.destroy();
  // Having one of two asks for both again, so that the next token has them all.
  const one = await expectRefused(site, { tool: 'copy_secret', token: await site.mint({ scope: 'file:read' }) }, 403);
  expect(readChallenge(one)['scope']).toBe('file:read secret:read');
});

const namesIn = (answer: RawAnswer): unknown =>
  (json(answer).result as { tools: { name: string }[] }).tools.map(({ name }) => name);

test('RSA-20 Insufficient scope: who is not signed in is asked to, where signing in helps', async () => {
  expect((await send(open, { token: null })).status).toBe(200);
  expect(namesIn(await send(open, { ...modernCall('tools/list'), token: null }))).toEqual(['echo']);
  const asked = await expectRefused(open, { tool: 'copy_secret', token: null }, 401);
  const challenge = readChallenge(asked);
  expect(challenge).toMatchObject({ scope: 'file:read secret:read' });
  expect(challenge['error']).toBeUndefined();
  // The same caller, signed in: more is listed, and called.
  const token = await open.mint({ scope: challenge['scope'] ?? '' });
  expect(namesIn(await send(open, { ...modernCall('tools/list'), token }))).toEqual(['echo', 'copy_secret', 'query']);
  expect((await send(open, { tool: 'copy_secret', token })).status).toBe(200);
  expect((await send(open, { token: await open.mint({ scope: '' }) })).status).toBe(200);
});

test('RSA-03 Invalid token: a bad token is no anonymous caller, even where those may come in', async () => {
  for (const token of ['garbage', await open.mint({ exp: PAST }), await open.mint({ aud: 'https://other.example' })]) {
    expect(readChallenge(await expectRefused(open, { token }, 401))['error']).toBe('invalid_token');
    await expectRefused(open, { ...modernCall('tools/list'), token }, 401);
  }
});
