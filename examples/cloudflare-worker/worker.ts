// An MCP server in Cloudflare Workers that takes the tokens of an issuer. Variables of the worker: RESOURCE, its own URL at
// which clients connect, and ISSUER, the issuer's identifier.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createLatchkey, jwt, latchkey } from 'latchkey/fetch';

interface Variables {
  readonly RESOURCE: string;
  readonly ISSUER: string;
}

const says = (text: string) => ({ content: [{ type: 'text' as const, text }] });

function createServer(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('read_notes', {}, ({ http }) => says(`Buy milk, ${http?.authInfo?.clientId}.`));
  server.registerTool('delete_notes', {}, () => says('They are gone.'));
  return server;
}

function createApp({ RESOURCE, ISSUER }: Variables): (request: Request) => Promise<Response> {
  const lock = createLatchkey({
    resource: RESOURCE,
    verifiers: [jwt({ issuer: ISSUER })],
    policy: { tools: { read_notes: { scopes: ['notes:read'] }, delete_notes: { scopes: ['notes:delete'] } } },
  });
  const { metadata, protectMcp } = latchkey(lock, { addressOf });
  const readMetadata = metadata();
  const serve = protectMcp(createMcpHandler(createServer).fetch);
  return async (request) => readMetadata(request) ?? serve(request);
}

// Cloudflare says who the caller is; without that, limits of addresses do not hold.
function addressOf(request: Request): string {
  return request.headers.get('cf-connecting-ip') ?? '';
}

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch: (request: Request, variables: Variables): Promise<Response> => (app ??= createApp(variables))(request),
};
