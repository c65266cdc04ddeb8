import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import type { Principal } from '../../packages/latchkey/src/core/principal.ts';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
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

export const nodeFrameworks: readonly NodeFramework[] = [
  {
    name: 'Express',
    serve(lock, { mcp, report }, options) {
      const { protect, protectMcp, metadata } = forExpress(lock, options);
      const app = express();
      app.use(metadata());
      app.all('/mcp', protectMcp(), onExpress(mcp));
      app.all('/report', protect(RULE), onExpress(report));
      app.use(((_error, _request, response, _next) => {
        if (response.headersSent) response.destroy();
        else response.status(500).end('failed');
      }) satisfies express.ErrorRequestHandler);
      return listen(app);
    },
  },
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
];
