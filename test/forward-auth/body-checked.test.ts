import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callBody, META, modernCall, send, type Call } from '../acceptance/harness.ts';
import { responseOf } from '../acceptance/answers.ts';
import { hasProxy, type ProxyName } from './proxy.ts';
import { startSdkServer, type SdkServer } from './sdk-server.ts';
import { startForwardSite, type ForwardSite } from './site.ts';

// Who may read tells by the headers that it reads, and writes by the body.
const WRITE = { name: 'write_file', arguments: {} };
const LIES: Readonly<Record<string, Call>> = {
  'another name': { tool: 'echo', body: callBody({ tool: 'write_file', args: {} }) },
  'another method': {
    ...modernCall('tools/list'),
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...WRITE, _meta: META } }),
  },
  'another method, named as harmless': {
    headers: { 'Mcp-Method': 'server/discover', 'Mcp-Name': null },
    body: callBody({ tool: 'write_file', args: {} }),
  },
  'a notification that is a request': {
    headers: { 'Mcp-Method': 'notifications/cancelled', 'Mcp-Name': null },
    body: callBody({ tool: 'write_file', args: {} }),
  },
  'no _meta, as older clients send it': {
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: WRITE }),
  },
  'an older revision in the body': {
    body: callBody({
      tool: 'write_file',
      args: {},
      meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2025-11-25' },
    }),
  },
  'a key twice': {
    body: callBody({ tool: 'echo', args: {} }).replace('"name":"echo"', '"name":"echo","name":"write_file"'),
  },
  'a batch with _meta': { body: `[${callBody({ tool: 'write_file', args: {} })}]` },
  'a batch without _meta': {
    body: JSON.stringify([{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: WRITE }]),
  },
};

describe.each(['nginx', 'caddy'] as const)('behind %s', (name) => {
  describe.skipIf(!hasProxy(name))('a server of the official SDK', () => {
    suite(name, 'reject');
  });
  // The SDK's default: then it answers messages of older revisions too.
  describe.skipIf(!hasProxy(name))('one that knows older revisions too', () => {
    suite(name, 'stateless');
  });
});

function suite(name: ProxyName, legacy: 'reject' | 'stateless'): void {
  let server: SdkServer;
  let site: ForwardSite;
  beforeAll(async () => {
    server = await startSdkServer(legacy);
    site = await startForwardSite(name, { serverPort: server.port });
  });
  afterAll(async () => {
    await site.close();
    await server.close();
  });

  test('serves who may', async () => {
    server.ran.length = 0;
    const answer = await send(site, { args: {} });
    expect(answer.status).toBe(200);
    expect(responseOf(answer).result).toBeDefined();
    await send(site, { tool: 'write_file', args: {}, token: site.tokens.aliceWrite });
    expect(server.ran).toEqual(['echo', 'write_file']);
  });

  test('never hears of a client of an older revision, whatever it sends', async () => {
    server.ran.length = 0;
    for (const version of ['2025-11-25', null, '2026-07-28, 2026-07-28', '2026-07-28 ', '2026-7-28']) {
      const call = {
        headers: { 'MCP-Protocol-Version': version },
        body: LIES['a batch without _meta']?.body as string,
      };
      const answer = await send(site, call);
      expect({ version, status: answer.status, ran: server.ran }).toEqual({ version, status: 400, ran: [] });
    }
    const twice = await send(site, {
      ...LIES['a batch without _meta'],
      headers: { 'MCP-Protocol-Version': ['2026-07-28', '2025-11-25'] },
    });
    expect(twice.status).toBe(400);
    expect(server.ran).toEqual([]);
  });

  test('refuses a body that its headers do not describe', async () => {
    server.ran.length = 0;
    for (const [lie, call] of Object.entries(LIES)) {
      const answer = await send(site, call);
      expect({ lie, status: answer.status, ran: server.ran, body: answer.body }).toMatchObject({
        lie,
        status: 400,
        ran: [],
      });
    }
  });
}
