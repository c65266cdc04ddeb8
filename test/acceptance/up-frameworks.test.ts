import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue } from '../fixtures/raw-http.ts';
import { initializeCall, legacyCall, openSession, send, startSite, type Call, type Site } from './harness.ts';
import { startSse, textOf } from './sse-client.ts';

// What web frameworks answer by themselves, around a handler that knows MCP.

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What it answers to whatever is no request of MCP. */
let answerBare: Answer;
let elsewhere = false;
let site: Site;
const server = createServer(async (request, response) => {
  const { id, method } = JSON.parse((await text(request)) || '{}') as { id?: number; method?: string };
  if (elsewhere) return void response.writeHead(405).end('Method Not Allowed');
  if (request.method !== 'POST' || id === undefined || method === undefined) return answerBare(request, response);
  if (method === 'initialize') response.setHeader('Mcp-Session-Id', 'inner');
  const result =
    method === 'initialize'
      ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }
      : { content: [{ type: 'text', text: 'done' }] };
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  return undefined;
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site = await startSite({ upstream: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` } });
});
afterAll(async () => {
  await site.close();
  server.closeAllConnections();
  server.close();
});

function page(status: number, headers: Readonly<Record<string, string>>, body = ''): Answer {
  return (_request, response) => void response.writeHead(status, headers).end(body);
}

const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const BARE_ANSWERS: Readonly<Record<string, Answer>> = {
  'an empty page (Flask, Django, PHP)': page(202, { ...HTML, 'Content-Length': '0' }),
  'a page (Express sendStatus)': page(202, { 'Content-Type': 'text/plain; charset=utf-8' }, 'Accepted'),
  'a page of another status': page(200, HTML, '<p>OK</p>'),
  'a coded page': page(200, { ...HTML, 'Content-Encoding': 'gzip' }, 'coded'),
  'JSON of its own': page(202, { 'Content-Type': 'application/json' }, '{"ok":true}'),
  nothing: page(204, HTML),
};

function streamCall(method: 'GET' | 'DELETE', session: string): Call {
  const headers = { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session };
  return { method, headers };
}

test.for(Object.entries(BARE_ANSWERS))('UP a bare status passes, whatever is behind it: %s', async ([, answer]) => {
  answerBare = answer;
  const session = await openSession(site);
  const messages = ['{"jsonrpc":"2.0","method":"notifications/initialized"}', '{"jsonrpc":"2.0","id":7,"result":{}}'];
  const posts = messages.map((body): Call => ({ ...legacyCall('', {}, session), body }));
  for (const call of [...posts, streamCall('DELETE', session)]) {
    const answered = await send(site, call);
    expect([[200, 202, 204].includes(answered.status), answered.body]).toEqual([true, '']);
    for (const name of ['content-type', 'content-encoding']) expect(headerValue(answered, name)).toBeNull();
  }
  // What the server ended is ended.
  expect((await send(site, legacyCall('tools/list', {}, session))).status).toBe(404);
});

test('UP a page is still no answer to a request', async () => {
  answerBare = page(200, HTML, '<p>secret</p>');
  const session = await openSession(site);
  const { status, body } = await send(site, streamCall('GET', session));
  expect([status, body.includes('secret')]).toEqual([502, false]);
});

test.for(['application/json', 'text/html'])('UP a server without GET keeps its sessions: 404 as %s', async (type) => {
  answerBare = ({ method }, response) =>
    void (method === 'POST'
      ? response.writeHead(202).end()
      : response.writeHead(404, { 'Content-Type': type }).end('{}'));
  const session = await openSession(site);
  expect((await send(site, streamCall('GET', session))).status).toBe(404);
  expect((await send(site, legacyCall('tools/call', { name: 'echo' }, session))).status).toBe(200);
  const client = await startSse(site);
  expect(textOf(await client.ask('tools/call', { name: 'echo' }, 2))).toBe('done');
  expect(textOf(await client.ask('tools/call', { name: 'echo' }, 3))).toBe('done');
  client.stream.leave();
  // What it says of a session itself is true.
  expect((await send(site, streamCall('DELETE', session))).status).toBe(404);
  expect((await send(site, legacyCall('tools/call', { name: 'echo' }, session))).status).toBe(404);
});

test('UP the operator is told of a server that is not at that URL, or of HTTP+SSE only', async () => {
  elsewhere = true;
  expect((await send(site, initializeCall())).status).toBe(405);
  elsewhere = false;
  await expect.poll(() => site.gateway.talk()).toMatch(/upstream\.url.*HTTP\+SSE/);
});
