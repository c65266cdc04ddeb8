import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import express, { type Express } from 'express';
import { createLatchkey, type Store } from 'latchkey';
import { latchkey } from 'latchkey/express';

/** An app with an MCP endpoint and a plain route behind one lock, and the lock, which makes tokens. */
export function createApp(store: Store, resource: string) {
  const lock = createLatchkey({
    resource,
    store,
    policy: {
      tools: {
        'read_*': { scopes: ['note:read'] },
        write_note: { scopes: ['note:write'], when: ({ args }) => args['text'].length <= 20 },
      },
      scopes: { 'note:write': { implies: ['note:read'] }, 'note:count': {} },
    },
  });
  const { metadata, protect, protectMcp } = latchkey(lock);
  const notes: string[] = ['Buy milk.'];

  const app: Express = express();
  app.use(metadata());
  app.all('/mcp', protectMcp(), toNodeHandler(createMcpHandler(() => createServer(notes))));
  app.get('/count', protect({ scopes: ['note:count'] }), (request, response) => {
    response.json({ notes: notes.length, for: request.principal?.name });
  });
  return { app, lock };
}

function createServer(notes: string[]): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('read_notes', { description: 'Reads all notes' }, () => ({
    content: [{ type: 'text', text: notes.join(' ') }],
  }));
  const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const;
  const inputSchema = fromJsonSchema<{ text: string }>(text);
  server.registerTool('write_note', { description: 'Adds a note', inputSchema }, (args, { http }) => {
    notes.push(args.text);
    return { content: [{ type: 'text', text: `noted for ${http?.authInfo?.clientId.split(':')[0]}` }] };
  });
  return server;
}
