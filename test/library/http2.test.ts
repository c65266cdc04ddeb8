import { once } from 'node:events';
import {
  connect,
  createServer,
  type ClientHttp2Session,
  type ClientSessionRequestOptions,
  type Http2Server,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}';
const FULL = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"rm"}]}}';
const SHORT = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}';
const EVENTS = { 'content-type': 'text/event-stream' };

type Listener = Parameters<typeof createServer>[1];
const stream = (): ReadableStream<string> => new ReadableStream({ start: (sink) => sink.enqueue('data: {}\n\n') });
const bytes = (): ReadableStream => stream().pipeThrough(new TextEncoderStream());

/** A list at POST, and at GET events without an end. */
const doors: readonly (readonly [string, (lock: Latchkey, server: Http2Server) => Listener | Promise<void>])[] = [
  [
    'node',
    (lock) =>
      forNode(lock).protectMcp((request, response) => {
        if (request.method === 'POST') response.end(FULL);
        else response.writeHead(200, EVENTS).write('data: {}\n\n');
      }) as unknown as Listener,
  ],
  [
    'Fastify',
    async (lock, server) => {
      const app = fastify({ http2: true, serverFactory: (handler) => server.on('request', handler as never) });
      const { protectMcp, protect, metadata } = forFastify(lock);
      const onRequest = protectMcp();
      await app.register(metadata());
      app.get<{ Querystring: { of: string } }>('/report', { preHandler: [protect()] }, async ({ query }) => query.of);
      app.post('/mcp', { onRequest }, async () => FULL);
      app.get('/mcp', { onRequest }, (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, EVENTS).write('data: {}\n\n');
      });
      await app.ready();
    },
  ],
  [
    'Hono',
    (lock) => {
      const app = new Hono();
      app.use('/mcp', forHono(lock).protectMcp());
      app.post('/mcp', (c) => c.body(FULL));
      app.get('/mcp', () => new Response(bytes(), { headers: EVENTS }));
      return getRequestListener(app.fetch);
    },
  ],
];

let server: Http2Server | null = null;
let session: ClientHttp2Session | null = null;
afterEach(() => {
  session?.destroy();
  server?.close();
});

const ask = (
  client: ClientHttp2Session,
  method: string,
  more: Readonly<Record<string, string>> = {},
  options: ClientSessionRequestOptions = {},
) => {
  const accept = 'application/json, text/event-stream';
  const headers = { ':path': '/mcp', ':method': method, authorization: 'Bearer alice', accept, ...more };
  return client.request(headers, { endStream: false, ...options });
};

const post = async (client: ClientHttp2Session, body: string, more: Readonly<Record<string, string>> = {}) => {
  const asked = ask(client, 'POST', { 'content-type': 'application/json', ...more });
  asked.end(body);
  const [headers] = (await once(asked, 'response')) as [{ ':status': number }];
  let text = '';
  for await (const piece of asked) text += piece;
  return [headers[':status'], text];
};

describe.each(doors)('HTTP/2 by %s', (_name, serve) => {
  const start = async () => {
    const made = makeLoopbackLock({ tokens: { alice: ['a'] }, tools: { echo: ['a'], rm: ['x'] } });
    server = createServer();
    const listener = await serve(made.latchkey, server);
    if (typeof listener === 'function') server.on('request', listener);
    await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
    session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { made, session };
  };
  it('judges and filters as over HTTP/1', async () => {
    const { made, session: client } = await start();
    expect(await post(client, LIST)).toEqual([200, SHORT]);
    expect((await post(client, CALL))[0]).toBe(200);
    expect((await post(client, CALL.replace('echo', 'rm')))[0]).toBe(403);
    expect((await post(client, LIST, { ':authority': 'elsewhere.example' }))[0]).toBe(421);
    await vi.waitFor(() => expect(made.trail.map(({ status }) => status).toSorted()).toEqual([200, 200, 403, 421]));
    expect(made.errors).toEqual([]);
  });

  it.each([{}, { 'content-length': '8' }])('takes no body where none belongs, with %o', async (length) => {
    const { made, session: client } = await start();
    const asked = ask(client, 'GET', length as Readonly<Record<string, string>>);
    asked.on('error', () => {}).end('unjudged');
    const [headers] = (await once(asked, 'response')) as [{ ':status': number }];
    asked.close();
    expect([headers[':status'], made.trail.map(({ reason }) => reason)]).toEqual([400, ['framing']]);
  });

  it.each([{}, { 'content-length': String(CALL.length) }])('takes no trailers, with %o', async (length) => {
    const { made, session: client } = await start();
    const more = { 'content-type': 'application/json', ...length };
    const asked = ask(client, 'POST', more as Readonly<Record<string, string>>, { waitForTrailers: true });
    asked.on('wantTrailers', () => asked.sendTrailers({ x: '1' })).end(CALL);
    const [headers] = (await once(asked, 'response')) as [{ ':status': number }];
    asked.close();
    expect([headers[':status'], made.trail.map(({ reason }) => reason)]).toEqual([400, ['framing']]);
  });

  it('ends the stream of a credential that ended with an error', async () => {
    const { made, session: client } = await start();
    const asked = ask(client, 'GET', {}, { endStream: true });
    const failed = once(asked, 'error').catch((error: unknown) => [error]);
    await once(asked, 'data');
    made.revoke('alice');
    expect((await failed)[0]).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    await vi.waitFor(() => expect(made.open()).toBe(0));
  });
});
