import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import type { Latchkey } from 'latchkey';
import { latchkey as forExpress } from 'latchkey/express';
import { latchkey as forFastify } from 'latchkey/fastify';
import { latchkey as forFetch } from 'latchkey/fetch';
import { latchkey as forHono, type LatchkeyVariables } from 'latchkey/hono';
import { latchkey as forNode } from 'latchkey/node';
import type { DoorName } from './doors.ts';
import { passOnRaw, passOnWeb } from './pass-through.ts';

/** What an application is made of. */
export interface Made {
  readonly lock: Latchkey;
  /** The server whose answers its MCP endpoint gives. */
  readonly upstream: string;
  /** Listens already. */
  readonly server: Server;
}

const NOT_FOUND = '{"error":"not found"}';
const JSON_TYPE = { 'content-type': 'application/json' };

/** An application of each framework, with nothing in it but the door and a handler for each route. */
export const APPLICATIONS: Readonly<Record<DoorName, (made: Made) => Promise<RequestListener> | RequestListener>> = {
  express({ lock, upstream }) {
    const { protectMcp, metadata } = forExpress(lock);
    const app = express().disable('x-powered-by');
    app.use(metadata());
    app.all('/mcp', protectMcp(), (request, response) => passOnJudged(upstream, request, response));
    app.use((_request, response) => void response.status(404).type('json').send(NOT_FOUND));
    return app;
  },
  async fastify({ lock, upstream, server }) {
    const { protectMcp, metadata } = forFastify(lock);
    const app = fastify({
      serverFactory: (handler) => server.on('request', handler),
    });
    await app.register(metadata());
    app.all('/mcp', { onRequest: protectMcp() }, (request, reply) => {
      reply.hijack();
      return passOnJudged(upstream, request.raw, reply.raw);
    });
    app.setNotFoundHandler((_request, reply) => reply.code(404).type('application/json').send(NOT_FOUND));
    await app.ready();
    return () => {};
  },
  hono({ lock, upstream }) {
    const { protectMcp, metadata } = forHono(lock);
    const app = new Hono<{ Variables: LatchkeyVariables }>();
    app.use(metadata());
    app.all('/mcp', protectMcp(), (c) => passOnWeb(upstream, c.req.raw));
    app.notFound((c) => c.body(NOT_FOUND, 404, JSON_TYPE));
    return getRequestListener(app.fetch);
  },
  node({ lock, upstream }) {
    const { protectMcp, metadata } = forNode(lock);
    const mcp = protectMcp((request, response) => passOnJudged(upstream, request, response));
    return metadata((request, response) => {
      const path = request.url?.split('?', 1)[0];
      if (path === '/mcp') mcp(request, response);
      else response.writeHead(404, JSON_TYPE).end(NOT_FOUND);
    });
  },
  fetch({ lock, upstream }) {
    const { protectMcp, metadata } = forFetch(lock);
    const mcp = protectMcp((request) => passOnWeb(upstream, request));
    const published = metadata();
    return getRequestListener((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/mcp') return mcp(request);
      return published(request) ?? new Response(NOT_FOUND, { status: 404, headers: JSON_TYPE });
    });
  },
};

/** What a handler reads of a request behind the door is what was judged. */
async function passOnJudged(
  upstream: string,
  request: IncomingMessage,
  response: Parameters<RequestListener>[1],
): Promise<void> {
  const body = await buffer(request);
  await passOnRaw(upstream, request, response, body.length === 0 ? null : body);
}
