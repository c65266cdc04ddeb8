import { MODERN_REVISION } from '../../core/revision.ts';
import type { Client } from './client.ts';

// MCP 2026-07-28, Streamable HTTP: one request without a session. The header comes from standard input, so that the
// token is in no argument list. -g: brackets of the URL are its own.
const CURL = `printf 'Authorization: Bearer %s' "$LATCHKEY_TOKEN" | curl -gsS '{{url}}' -H @- \\
  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
  -H 'MCP-Protocol-Version: ${MODERN_REVISION}' -H 'Mcp-Method: tools/list' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN_REVISION}","io.modelcontextprotocol/clientInfo":{"name":"curl","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}'`;

const SDK = `import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const client = new Client({ name: 'example', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
const transport = new StreamableHTTPClientTransport(new URL('{{url}}'), {
  authProvider: { token: async () => process.env.LATCHKEY_TOKEN },
});
await client.connect(transport);
console.log((await client.listTools()).tools.map((tool) => tool.name));
await client.close();`;

const INSPECTOR_FILE = JSON.stringify(
  {
    mcpServers: {
      latchkey: { type: 'http', url: '{{url}}', headers: { Authorization: 'Bearer $LATCHKEY_TOKEN' } },
    },
  },
  null,
  2,
);

// Its file takes no variables, so the shell puts the token in. Given --config, the Inspector only reads it.
const INSPECTOR = `settings=$(mktemp) && cat > "$settings" <<EOF
${INSPECTOR_FILE}
EOF
npx -y @modelcontextprotocol/inspector --cli --config "$settings" --server latchkey --method tools/list
rm "$settings"`;

/** What a developer tries a server with. Sources of each format: docs/clients.md. */
export const DEVELOPER_CLIENTS: readonly Client[] = [
  {
    name: 'mcp-inspector',
    title: 'MCP Inspector, command line',
    settings: null,
    snippets: [{ where: 'a shell', format: 'shell', template: INSPECTOR }],
    note: 'The token stands in a file of yours while the Inspector runs, since --header would show it to every user of this machine. In the web page of the Inspector, set the header Authorization to Bearer and the token under Authentication.',
    remote: false,
  },
  {
    name: 'sdk',
    title: 'Official TypeScript SDK, version 2',
    settings: null,
    snippets: [{ where: 'a TypeScript module with @modelcontextprotocol/client', format: 'typescript', template: SDK }],
    note: 'The token is read before each request, so a program can hand out its successor after a rotation.',
    remote: false,
  },
  {
    name: 'curl',
    title: 'curl',
    settings: null,
    snippets: [{ where: 'a shell', format: 'shell', template: CURL }],
    note: 'A server with `protocol: legacy` needs initialize first; use the SDK or the Inspector there.',
    remote: false,
  },
];
