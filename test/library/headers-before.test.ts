import express from 'express';
import { getRequestListener } from '@hono/node-server';
import fastify from 'fastify';
import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { afterEach, describe, expect, it } from 'vitest';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { listen, type Listening } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const ORIGIN = 'https://app.example';
/** As CORS middleware sets them, and one that a refusal knows better. */
const BEFORE = { 'access-control-allow-origin': ORIGIN, vary: 'Origin', 'cache-control': 'public, max-age=60' };
const HEADERS = Object.entries(BEFORE);
const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'rm', arguments: {} } };

type Ask = (token: string, message: object) => Promise<Response>;

const init = (token: string, message: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, origin: ORIGIN },
  body: JSON.stringify(message),
});

let site: Listening | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

const at =
  ({ url }: Listening): Ask =>
  (token, message) =>
    fetch(`${url}/mcp`, init(token, message));

const toHono = (lock: Latchkey, before: MiddlewareHandler): Hono => {
  const app = new Hono();
  app.use(before);
  app.use('/mcp', forHono(lock).protectMcp());
  return app.post('/mcp', (c) => c.text('no list'));
};

const byHeader: MiddlewareHandler = async (c, next) => {
  for (const [name, value] of HEADERS) c.header(name, value);
  await next();
};

const byResponse: MiddlewareHandler = async (c, next) => {
  for (const [name, value] of HEADERS) c.res.headers.set(name, value);
  await next();
};

/** A server whose lists are none, behind a lock, behind what sets headers for whatever is answered. */
const doors: readonly (readonly [string, (lock: Latchkey) => Promise<Ask> | Ask])[] = [
  [
    'Express',
    async (lock) => {
      const app = express();
      app.use((_request, response, next) => void next(response.set(BEFORE) && undefined));
      app.post('/mcp', forExpress(lock).protectMcp(), (_request, response) => void response.end('no list'));
      return at((site = await listen(app)));
    },
  ],
  [
    'Fastify',
    async (lock) => {
      const listening = await listen();
      const app = fastify({ serverFactory: (handler) => listening.server.on('request', handler) });
      app.addHook('onRequest', async (_request, reply) => void reply.headers(BEFORE));
      app.post('/mcp', { onRequest: forFastify(lock).protectMcp() }, async () => 'no list');
      await app.ready();
      return at((site = listening));
    },
  ],
  [
    'node:http',
    async (lock) => {
      const listener = forNode(lock).protectMcp((_request, response) => response.end('no list'));
      const before = (...[request, response]: Parameters<typeof listener>): void =>
        listener(request, response.setHeaders(new Map(HEADERS)));
      return at((site = await listen(before)));
    },
  ],
  ...[byHeader, byResponse, cors({ origin: ORIGIN })].flatMap((before, i) => {
    const name = `Hono, ${['c.header()', 'c.res', 'its CORS'][i]}`;
    return [
      [
        name,
        (lock: Latchkey): Ask =>
          async (...given) =>
            toHono(lock, before).request('http://localhost/mcp', init(...given)),
      ],
      [
        `${name}, on Node`,
        async (lock: Latchkey) => at((site = await listen(getRequestListener(toHono(lock, before).fetch)))),
      ],
    ] as const;
  }),
];

describe('headers that were set before the lock', () => {
  it.each(doors)('stay in refusals and in what takes the place of a list: %s', async (_name, serve) => {
    const { latchkey } = makeLoopbackLock({ tokens: { alice: ['a'] }, tools: { echo: ['a'], rm: ['x'] } });
    const ask = await serve(latchkey);
    for (const [token, message, status] of [
      ['eve', LIST, 401],
      ['alice', CALL, 403],
      ['alice', LIST, 502],
    ] as const) {
      const answer = await ask(token, message);
      const read = (name: string): string | null => answer.headers.get(name);
      expect([answer.status, read('access-control-allow-origin'), read('vary')]).toEqual([status, ORIGIN, 'Origin']);
      expect([read('cache-control'), read('content-type')]).toEqual(['no-store', 'application/json']);
      expect(await answer.json()).toMatchObject({ error: { code: status } });
    }
  });
});
