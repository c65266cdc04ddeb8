import { randomUUID } from 'node:crypto';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import express, { type RequestHandler } from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { describeCaller, type SdkSite } from './sdk-site.ts';

const says = (text: string) => ({ content: [{ type: 'text' as const, text }] });

function createServer(): McpServer {
  const server = new McpServer({ name: 'v1', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Who is asking' }, ({ authInfo }) => says(describeCaller(authInfo)));
  server.registerTool('write_file', { description: 'Writes' }, () => says('written'));
  return server;
}

async function connected(options: ConstructorParameters<typeof StreamableHTTPServerTransport>[0]) {
  const transport = new StreamableHTTPServerTransport(options);
  // Its own types disagree where an absent property may not be undefined.
  await createServer().connect(transport as Transport);
  return transport;
}

/** The transport of each session, made with the first request of it. */
function createSessions(): (id: string | undefined) => Promise<StreamableHTTPServerTransport> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  return async (id = '') => {
    const transport =
      transports.get(id) ??
      (await connected({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (opened) => void transports.set(opened, transport),
      }));
    return transport;
  };
}

/** As the SDK's own example of a stateful server has it. */
function statefulHandler(): RequestHandler {
  const transportOf = createSessions();
  return async (request, response) => {
    const transport = await transportOf(request.headers['mcp-session-id'] as string | undefined);
    await transport.handleRequest(request, response, request.body);
  };
}

export const sdkV1Sites: readonly SdkSite[] = [
  {
    name: 'SDK v1 with sessions, on createMcpExpressApp',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const app = createMcpExpressApp();
      app.use('/mcp', forExpress(lock).protectMcp());
      app.all('/mcp', statefulHandler());
      return app;
    },
  },
  {
    name: 'SDK v1 with sessions, on Express without a body parser',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const app = express();
      app.use('/mcp', forExpress(lock).protectMcp());
      app.all('/mcp', statefulHandler());
      return app;
    },
  },
  {
    name: 'SDK v1 without sessions, on Express, which reads the request itself and answers JSON',
    eras: 'legacy',
    sessions: false,
    listener(lock) {
      const app = express();
      app.post('/mcp', forExpress(lock).protectMcp(), (request, response) =>
        connected({ sessionIdGenerator: undefined as never, enableJsonResponse: true }).then((transport) =>
          transport.handleRequest(request, response),
        ),
      );
      return app;
    },
  },
  {
    name: 'SDK v1 without sessions, on Fastify',
    eras: 'legacy',
    sessions: false,
    async listener(lock, server) {
      const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
      app.post('/mcp', { onRequest: forFastify(lock).protectMcp() }, async (request, reply) => {
        reply.hijack();
        const transport = await connected({ sessionIdGenerator: undefined as never });
        await transport.handleRequest(request.raw, reply.raw, request.body);
      });
      await app.ready();
      return null;
    },
  },
  {
    name: 'SDK v1 without sessions, on node:http',
    eras: 'legacy',
    sessions: false,
    listener: (lock) =>
      forNode(lock).protectMcp(async (request, response) => {
        const transport = await connected({ sessionIdGenerator: undefined as never });
        await transport.handleRequest(request, response);
      }),
  },
  {
    name: 'SDK v1 with sessions, on Hono, which writes to the response of Node',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const transportOf = createSessions();
      const app = new Hono<{ Bindings: HttpBindings }>();
      app.all('/mcp', forHono(lock).protectMcp(), async ({ req, env: { incoming, outgoing } }) => {
        const transport = await transportOf(req.header('mcp-session-id'));
        await transport.handleRequest(incoming, outgoing, req.method === 'POST' ? await req.json() : undefined);
        return RESPONSE_ALREADY_SENT;
      });
      return getRequestListener(app.fetch);
    },
  },
];
