// An id that is used twice at once: the official SDK sends every answer to whoever used its id last.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import { legacyCall, openSession, requestBytes, send, startSite, type Site } from './harness.ts';

const TOOLS = ['echo', 'norule'].map((name) => ({ name, inputSchema: { type: 'object' as const } }));

let server: HttpServer;
let site: Site;
let enableJsonResponse = false;
/** Has the server answer the list that it was asked for last. */
let release: () => void;
const waiting = new Set<(method: string) => void>();
const transports = new Map<string, StreamableHTTPServerTransport>();

/** Once the server has begun with a request of that method. */
async function begun(method: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const hear = (heard: string): void => {
      if (heard !== method) return;
      waiting.delete(hear);
      resolve();
    };
    waiting.add(hear);
  });
}

function say(method: string): void {
  for (const hear of waiting) hear(method);
}

async function open(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse,
    onsessioninitialized: (id) => void transports.set(id, transport),
  });
  const slow = new Server({ name: 'slow', version: '1' }, { capabilities: { tools: {} } });
  slow.setRequestHandler(ListToolsRequestSchema, async () => {
    const released = new Promise<void>((resolve) => (release = resolve));
    say('tools/list');
    await released;
    return { tools: TOOLS };
  });
  slow.setRequestHandler(CallToolRequestSchema, async () => {
    say('tools/call');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { content: [{ type: 'text', text: 'called' }] };
  });
  // Its own types disagree where an absent property may not be undefined.
  await slow.connect(transport as Transport);
  return transport;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const known = transports.get(String(request.headers['mcp-session-id']));
    void Promise.resolve(known ?? open()).then((transport) => transport.handleRequest(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site = await startSite({ upstream: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` } });
});
afterAll(async () => {
  await site.close();
  server.closeAllConnections();
  server.close();
});

/** The answer to a call while a list that was asked for under the same id is not there yet. */
async function callInBetween(session: string, patienceMs: number): Promise<string> {
  const asked = begun('tools/list');
  const list = requestBytes(site, legacyCall('tools/list', {}, session, 7));
  const listed = exchangeRaw(site.gateway.url, list, 1, patienceMs).catch(() => 'its caller left');
  await asked;
  if (patienceMs < 1000) await listed;
  const called = begun('tools/call');
  const answer = send(site, legacyCall('tools/call', { name: 'echo', arguments: {} }, session, 7));
  await called;
  release();
  return (await answer).body;
}

test.each([
  ['events', false, 3000],
  ['events, where the caller of the list left', false, 100],
  ['JSON', true, 3000],
])(
  'POL-24 resources and prompts too: a list that comes as the answer to a call: %s',
  async (_form, json, patienceMs) => {
    enableJsonResponse = json;
    const body = await callInBetween(await openSession(site), patienceMs);
    // The SDK did send the list here.
    expect(body).toContain('"tools":[{"name":"echo"');
    expect(body).not.toContain('norule');
  },
);

test('POL-24 resources and prompts too: a call whose id is its own is passed as it is', async () => {
  enableJsonResponse = false;
  const session = await openSession(site);
  const asked = begun('tools/list');
  const listed = send(site, legacyCall('tools/list', {}, session, 7));
  await asked;
  release();
  expect((await listed).body).not.toContain('norule');
  const { body } = await send(site, legacyCall('tools/call', { name: 'echo', arguments: {} }, session, 7));
  expect(body).toContain('"text":"called"');
});
