import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { latchkey } from '../../packages/latchkey/src/hono.ts';
import type { HandMadeLock } from './hand-made-lock.ts';
import { listen, type Listening } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

type OnNode = { Bindings: HttpBindings };

const FULL = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"rm"}]}}';
const SHORT = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}';

let site: Listening | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

const makeLock = (): HandMadeLock => makeLoopbackLock({ tokens: { alice: ['a'] }, tools: { echo: ['a'], rm: ['x'] } });

async function list(made: HandMadeLock, handler: (c: Context<OnNode>) => Response | Promise<Response>) {
  const app = new Hono<OnNode>();
  app.all('/mcp', latchkey(made.latchkey).protectMcp(), handler);
  site = await listen(getRequestListener(app.fetch));
  return fetch(`${site.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: '*/*', authorization: 'Bearer alice' },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
}

const start = (sink: ReadableStreamDefaultController): void => sink.enqueue(new TextEncoder().encode('data: {}\n\n'));

describe('latchkey/hono on Node', () => {
  it('filters what is written to the response of Node, also after the handler is done', async () => {
    const made = makeLock();
    const got = await list(made, ({ env: { outgoing } }) => {
      setTimeout(() => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(FULL), 20);
      return RESPONSE_ALREADY_SENT;
    });
    expect([got.status, await got.text()]).toEqual([200, SHORT]);
    await vi.waitFor(() => expect(made.trail.map(({ status }) => status)).toEqual([200]));
  });

  it('filters a Response once, whatever looks at the response of Node meanwhile', async () => {
    const made = makeLock();
    const got = await list(made, ({ body, env: { outgoing } }) => body(FULL, outgoing.headersSent ? 500 : 200));
    expect([await got.text(), got.headers.get('content-length')]).toEqual([SHORT, String(SHORT.length)]);
    expect(made.trail.map(({ status }) => status)).toEqual([200]);
  });

  it('shows nothing of an answer that was written both ways', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const made = makeLock();
    const got = list(made, ({ text, env: { outgoing } }) => {
      outgoing.write(FULL);
      return text(FULL);
    });
    await expect(got.then((response) => response.text())).resolves.not.toContain('"rm"');
    await vi.waitFor(() => expect(made.open()).toBe(0));
    complaints.mockRestore();
  });

  it('takes it for nothing special that a caller leaves a stream', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const made = makeLock();
    const leaving = new AbortController();
    const app = new Hono<OnNode>();
    let cancelled = 0;
    app.all('/mcp', latchkey(made.latchkey).protectMcp(), () => {
      const events = new ReadableStream({ start, cancel: () => void (cancelled += 1) });
      return new Response(events, { headers: { 'content-type': 'text/event-stream' } });
    });
    site = await listen(getRequestListener(app.fetch));
    const headers = { accept: 'text/event-stream', authorization: 'Bearer alice' };
    const got = await fetch(`${site.url}/mcp`, { headers, signal: leaving.signal });
    await got.body?.getReader().read();
    leaving.abort();
    await vi.waitFor(() => expect([made.open(), cancelled]).toEqual([0, 1]));
    expect(complaints.mock.calls).toEqual([]);
    complaints.mockRestore();
  });

  it('takes bindings of the same names for what they are', async () => {
    const app = new Hono<{ Bindings: { incoming: object; outgoing: object } }>();
    app.get('/', latchkey(makeLock().latchkey).protect(), (c) => c.json(c.env));
    const bindings = { incoming: { queue: 1 }, outgoing: {} };
    const answer = await app.request('/', { headers: { authorization: 'Bearer alice' } }, bindings);
    expect([answer.status, await answer.json()]).toEqual([200, bindings]);
  });

  it('is told of who left before the handler answered', async () => {
    const made = makeLock();
    const leaving = new AbortController();
    const app = new Hono<OnNode>();
    let told = false;
    app.all('/mcp', latchkey(made.latchkey).protectMcp(), ({ req }) => {
      req.raw.signal.addEventListener('abort', () => (told = true));
      return new Promise<Response>(() => {});
    });
    site = await listen(getRequestListener(app.fetch));
    const headers = { accept: 'text/event-stream', authorization: 'Bearer alice' };
    const left = fetch(`${site.url}/mcp`, { headers, signal: leaving.signal }).catch(() => 'left');
    await vi.waitFor(() => expect(made.open()).toBe(1));
    leaving.abort();
    expect(await left).toBe('left');
    await vi.waitFor(() => expect(made.trail.map(({ status }) => status)).toEqual([0]));
    expect([made.open(), told]).toEqual([0, true]);
  });
});
