import { randomUUID } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { createMcpHandler, McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { latchkey as forFetch } from '../../packages/latchkey/src/fetch.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import { describeCaller, type SdkSite } from './sdk-site.ts';

const says = (text: string) => ({ content: [{ type: 'text' as const, text }] });

function createServer(): McpServer {
  const server = new McpServer({ name: 'v2', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.registerTool('whoami', { description: 'Who is asking' }, ({ http }) => says(describeCaller(http?.authInfo)));
  server.registerTool('write_file', { description: 'Writes' }, () => says('written'));
  return server;
}

/** The transport of each session, made with the first request of it. */
function createSessions(): (id: string | null) => Promise<WebStandardStreamableHTTPServerTransport> {
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return async (id) => {
    const known = transports.get(id ?? '');
    if (known !== undefined) return known;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (opened) => void transports.set(opened, transport),
    });
    await createServer().connect(transport);
    return transport;
  };
}

export const sdkWebSites: readonly SdkSite[] = [
  {
    name: 'SDK v2 of both eras, by fetch',
    eras: 'both',
    sessions: false,
    listener: (lock) => getRequestListener(forFetch(lock).protectMcp(createMcpHandler(createServer).fetch)),
  },
  {
    name: 'SDK v2 of both eras, by fetch, all in streams',
    eras: 'both',
    sessions: false,
    listener: (lock) =>
      getRequestListener(forFetch(lock).protectMcp(createMcpHandler(createServer, { responseMode: 'sse' }).fetch)),
  },
  {
    name: 'SDK v2 of both eras, on Hono',
    eras: 'both',
    sessions: false,
    listener(lock) {
      const { fetch: handle } = createMcpHandler(createServer);
      const app = new Hono();
      app.all('/mcp', forHono(lock).protectMcp(), (c) => handle(c.req.raw, { authInfo: c.get('auth') }));
      return getRequestListener(app.fetch);
    },
  },
  {
    name: 'SDK v2 with sessions, by fetch',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const transportOf = createSessions();
      const serve = forFetch(lock).protectMcp(async (request, caller) =>
        (await transportOf(request.headers.get('mcp-session-id'))).handleRequest(request, caller),
      );
      return getRequestListener(serve);
    },
  },
  {
    name: 'SDK v2 with sessions, on Hono, with a door for each method',
    eras: 'legacy',
    sessions: true,
    listener(lock) {
      const transportOf = createSessions();
      const door = forHono(lock);
      const app = new Hono();
      for (const method of ['GET', 'POST', 'DELETE'])
        app.on(method, '/mcp', door.protectMcp(), async (c) =>
          (await transportOf(c.req.header('mcp-session-id') ?? null)).handleRequest(c.req.raw, {
            authInfo: c.get('auth'),
          }),
        );
      return getRequestListener(app.fetch);
    },
  },
];
