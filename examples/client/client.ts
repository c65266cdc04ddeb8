// LATCHKEY_URL and LATCHKEY_TOKEN say where and who.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { LATCHKEY_URL = 'http://127.0.0.1:8787/mcp' } = process.env;

const client = new Client({ name: 'example', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(
  new StreamableHTTPClientTransport(new URL(LATCHKEY_URL), {
    // Asked before each request, so the successor of a rotated token can be handed out here.
    authProvider: { token: async () => process.env['LATCHKEY_TOKEN'] },
  }),
);
console.log('tools:', (await client.listTools()).tools.map(({ name }) => name).join(' '));
const { content } = await client.callTool({ name: 'echo', arguments: { message: 'Hello' } });
console.log('echo:', content.map((part) => (part.type === 'text' ? part.text : part.type)).join(' '));
await client.close();
