import { createRequire } from 'node:module';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import fastify from 'fastify';
import { Hono, type Context } from 'hono';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import type { Principal } from '../../packages/latchkey/src/core/principal.ts';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forHono, type LatchkeyVariables } from '../../packages/latchkey/src/hono.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { listen, type Listening } from './listening.ts';

/** What a handler of any of the frameworks can tell. */
export interface Told {
  readonly principal: Principal | undefined;
  readonly authInfo: unknown;
  readonly body: unknown;
}

export type RawHandler = (request: IncomingMessage, response: ServerResponse, told: Told) => unknown;

export interface Handlers {
  /** Behind `protectMcp()`, at /mcp. */
  readonly mcp: RawHandler;
  /** Behind `protect({ scopes: ['report'] })`, at /report, for GET and POST. */
  readonly report: RawHandler;
}

export interface NodeFramework {
  readonly name: string;
  serve(lock: Latchkey, handlers: Handlers, options?: { readonly bodyTimeoutMs?: number }): Promise<Listening>;
}

const RULE = { scopes: ['report'] };

const onExpress =
  (handler: RawHandler): express.RequestHandler =>
  (request, response) =>
    handler(request, response, {
      principal: request.principal,
      authInfo: request.auth,
      body: request.body as unknown,
    }) as void;

const onFastify = (handler: RawHandler) => (request: fastify.FastifyRequest, reply: fastify.FastifyReply) => {
  reply.hijack();
  const { principal, auth, body } = request;
  return handler(request.raw, reply.raw, { principal, authInfo: auth, body });
};

type OnNode = { Bindings: HttpBindings; Variables: LatchkeyVariables };

/** As the pages of @hono/node-server have it for what writes to the response of Node. */
const onHono = (handler: RawHandler) => async (c: Context<OnNode>) => {
  const body: unknown = c.req.method === 'POST' ? await c.req.json().catch(() => undefined) : undefined;
  const told = { principal: c.get('principal'), authInfo: c.get('auth'), body };
  await handler(c.env.incoming, c.env.outgoing, told);
  return RESPONSE_ALREADY_SENT;
};

function onExpressOf({ name, make }: { readonly name: string; readonly make: typeof express }): NodeFramework {
  return {
    name,
    serve(lock, { mcp, report }, options) {
      const { protect, protectMcp, metadata } = forExpress(lock, options);
      const app = make();
      app.disable('x-powered-by');
      app.use(metadata());
      app.all('/mcp', protectMcp(), onExpress(mcp));
      app.all('/report', protect(RULE), onExpress(report));
      app.use(((_error, _request, response, _next) => {
        if (response.headersSent) response.destroy();
        else response.status(500).end('failed');
      }) satisfies express.ErrorRequestHandler);
      return listen(app);
    },
  };
}

export const nodeFrameworks: readonly NodeFramework[] = [
  ...[
    { name: 'Express', make: express },
    { name: 'Express 4', make: createRequire(import.meta.url)('express4') as typeof express },
  ].map(onExpressOf),
  {
    name: 'Fastify',
    async serve(lock, { mcp, report }, options) {
      const { protect, protectMcp, metadata } = forFastify(lock, options);
      const listening = await listen();
      const app = fastify({ serverFactory: (handler) => listening.server.on('request', handler) });
      await app.register(metadata());
      app.route({ method: ['GET', 'POST', 'DELETE'], url: '/mcp', onRequest: protectMcp(), handler: onFastify(mcp) });
      app.route({ method: ['GET', 'POST'], url: '/report', onRequest: protect(RULE), handler: onFastify(report) });
      await app.ready();
      return listening;
    },
  },
  {
    name: 'node:http',
    serve(lock, { mcp, report }, options) {
      const { protect, protectMcp, metadata } = forNode(lock, options);
      const atMcp = protectMcp(mcp);
      const atReport = protect(RULE, (request, response, caller) => report(request, response, caller));
      return listen(metadata((request, response) => (request.url === '/report' ? atReport : atMcp)(request, response)));
    },
  },
  {
    name: 'Hono on Node',
    serve(lock, { mcp, report }, options) {
      const { protect, protectMcp, metadata } = forHono(lock, options);
      const app = new Hono<OnNode>();
      app.use(metadata());
      app.all('/mcp', protectMcp(), onHono(mcp));
      app.all('/report', protect(RULE), onHono(report));
      return listen(getRequestListener(app.fetch));
    },
  },
];
