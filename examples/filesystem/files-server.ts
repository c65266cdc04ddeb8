import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fromJsonSchema, McpServer, type CallToolResult } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

// A server like many: it does what it is told. Who may tell it what is Latchkey's business.
function createServer(): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' });
  server.registerTool('list_files', { description: 'Lists a folder', inputSchema: takes('path') }, ({ path }) =>
    says(readdirSync(path).sort().join('\n')),
  );
  server.registerTool('read_file', { description: 'Reads a file', inputSchema: takes('path') }, ({ path }) =>
    says(readFileSync(path, 'utf8')),
  );
  server.registerTool(
    'write_file',
    { description: 'Writes a file', inputSchema: takes('path', 'content') },
    ({ path, content }) => {
      writeFileSync(path, content);
      return says(`wrote ${path}`);
    },
  );
  return server;
}

function takes<Name extends string>(...names: readonly Name[]) {
  return fromJsonSchema<Record<Name, string>>({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: [...names],
  });
}

function says(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

serveStdio(createServer);
