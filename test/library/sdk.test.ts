import { InsufficientScopeError, SdkHttpError } from '@modelcontextprotocol/client';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { officialClients } from '../clients/official-clients.ts';
import { sdkV1 } from '../clients/sdk-v1.ts';
import type { OfficialClient } from '../clients/session.ts';
import { startSite, type RunningSite, type SdkSite } from './sdk-site.ts';
import { sdkV1Sites } from './sdk-v1-sites.ts';
import { sdkV2Sites } from './sdk-v2-sites.ts';
import { sdkWebSites } from './sdk-web-sites.ts';

const sites: readonly SdkSite[] = [...sdkV1Sites, ...sdkV2Sites, ...sdkWebSites];

const refusalInV1 = { error: StreamableHTTPError, says: { code: 403 } };
const refusalInV2 = {
  error: InsufficientScopeError,
  says: { requiredScope: 'file:write', resourceMetadataUrl: expect.any(URL) },
};

describe.each(sites)('$name', (site) => {
  let running: RunningSite;
  beforeAll(async () => {
    running = await startSite(site);
  });
  afterAll(() => running.close());

  const clients = officialClients.filter(({ pinned }) => site.eras === 'both' || !pinned);

  it.each(clients)('shows $name what it may use, and has its tools told who asks', async (client) => {
    const name = `alice of ${client.name}`;
    const token = await running.token({ name, scopes: ['people:read'] });
    const session = await client.connect(running.url, { token });
    expect(await session.listTools()).toEqual(['whoami']);
    expect(await session.callTool('whoami')).toBe(`${name}, true, people:read, [redacted]`);
    const failure = await session.callTool('write_file').catch((error: unknown) => error);
    const refusal = client === sdkV1 ? refusalInV1 : refusalInV2;
    expect(failure).toBeInstanceOf(refusal.error);
    expect(failure).toMatchObject(refusal.says);
    await session.close();
    const writer = await client.connect(running.url, { token: await running.token({ scopes: ['*'] }) });
    expect((await writer.listTools()).toSorted()).toEqual(['whoami', 'write_file']);
    expect(await writer.callTool('write_file')).toBe('written');
    await writer.close();
  });

  it.each(clients)('asks $name for a token', async (client) => {
    const failure = await failureOf(client, {});
    expect(failure).toBeInstanceOf(client === sdkV1 ? StreamableHTTPError : SdkHttpError);
    expect(failure).toMatchObject(client === sdkV1 ? { code: 401 } : { status: 401 });
  });

  const failureOf = (client: OfficialClient, options: { token?: string }): Promise<unknown> =>
    client.connect(running.url, options).then(
      () => 'connected',
      (error: unknown) => error,
    );

  // A site without sessions has nothing to ask here, so it has no such test either.
  const ofSessions = site.sessions ? ['a session'] : [];

  it.each(ofSessions)('keeps %s to who opened it', async () => {
    const alice = await running.token({ name: 'alice', scopes: ['people:read'] });
    const bob = await running.token({ name: 'bob', scopes: ['people:read'] });
    const session = (await initialize(running.url, alice)).headers.get('mcp-session-id') as string;
    const listWith = (token: string): Promise<Response> =>
      send(running.url, token, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, { 'mcp-session-id': session });
    expect((await listWith(bob)).status).toBe(404);
    expect((await send(running.url, bob, null, { 'mcp-session-id': session }, 'DELETE')).status).toBe(404);
    const listed = await listWith(alice);
    expect([listed.status, (await listed.text()).includes('whoami')]).toEqual([200, true]);
    expect((await send(running.url, alice, null, { 'mcp-session-id': session }, 'DELETE')).status).toBe(200);
    expect((await listWith(alice)).status).toBe(404);
  });

  it.each(ofSessions)('ends a stream of %s within a second after its credential was revoked', async () => {
    const carol = await running.token({ name: 'carol', scopes: ['people:read'] });
    const session = (await initialize(running.url, carol)).headers.get('mcp-session-id') as string;
    const stream = await send(running.url, carol, null, { 'mcp-session-id': session }, 'GET');
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const ended = (stream.body as ReadableStream)
      .getReader()
      .read()
      .then(
        ({ done }) => `ended: ${done}`,
        () => 'cut',
      );
    await running.revoke('carol');
    const revokedAt = performance.now();
    expect(await ended).toBe('cut');
    expect(performance.now() - revokedAt).toBeLessThan(1000);
  });
});

function initialize(url: string, token: string): Promise<Response> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1.0.0' } };
  return send(url, token, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
}

function send(
  url: string,
  token: string,
  message: object | null,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
): Promise<Response> {
  return fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(message === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(message === null ? {} : { body: JSON.stringify(message) }),
  });
}
