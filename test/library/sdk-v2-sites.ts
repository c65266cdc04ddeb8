import { randomUUID } from 'node:crypto';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import {
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  type NodeIncomingMessageLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import fastify from 'fastify';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { describeCaller, type SdkSite } from './sdk-site.ts';

const says = (text: string) => ({ content: [{ type: 'text' as const, text }] });

function createServer(): McpServer {
  const server = new McpServer({ name: 'v2', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.registerTool('whoami', { description: 'Who is asking' }, ({ http }) => says(describeCaller(http?.authInfo)));
  server.registerTool('write_file', { description: 'Writes' }, () => says('written'));
  return server;
}

export const sdkV2Sites: readonly SdkSite[] = [
  {
    name: 'SDK v2 of both eras, on createMcpExpressApp',
    eras: 'both',
    sessions: false,
    listener(lock) {
      const handle = toNodeHandler(createMcpHandler(createServer));
      const app = createMcpExpressApp();
      app.use('/mcp', forExpress(lock).protectMcp());
      app.all('/mcp', (request, response) => handle(request, response, request.body));
      return app;
    },
  },
  {
    name: 'SDK v2 of both eras, on node:http, which reads the request itself',
    eras: 'both',
    sessions: false,
    listener(lock) {
      const handle = toNodeHandler(createMcpHandler(createServer));
      return forNode(lock).protectMcp((request, response) => handle(request as NodeIncomingMessageLike, response));
    },
  },
  {
    name: 'SDK v2 of both eras, on Fastify',
    eras: 'both',
    sessions: false,
    async listener(lock, server) {
      const handle = toNodeHandler(createMcpHandler(createServer, { responseMode: 'sse' }));
      const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
      app.post('/mcp', { onRequest: forFastify(lock).protectMcp() }, async (request, reply) => {
        reply.hijack();
        await handle(request.raw as NodeIncomingMessageLike, reply.raw, request.body);
      });
      await app.ready();
      return null;
    },
  },
  {
    name: 'SDK v2 with sessions, on node:http',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const transports = new Map<string, NodeStreamableHTTPServerTransport>();
      return forNode(lock).protectMcp(async (request, response, { body }) => {
        let transport = transports.get(request.headers['mcp-session-id'] as string);
        if (transport === undefined) {
          transport = new NodeStreamableHTTPServerTransport({
            sessionIdGenerator: () => randomUUID(),
            onsessioninitialized: (id) => void transports.set(id, transport as NodeStreamableHTTPServerTransport),
          });
          await createServer().connect(transport);
        }
        await transport.handleRequest(request, response, body);
      });
    },
  },
];
