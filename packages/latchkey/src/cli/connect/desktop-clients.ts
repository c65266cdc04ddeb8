import { jsonTemplate, type Client } from './client.ts';

const FROM_ENVIRONMENT = 'Set LATCHKEY_TOKEN in the environment the client starts in: no token stands in the file.';

// No space after the colon: Claude Desktop on Windows and Cursor break arguments there.
// https://github.com/geelen/mcp-remote#custom-headers
const VIA_MCP_REMOTE = jsonTemplate({
  mcpServers: {
    latchkey: {
      command: 'npx',
      args: ['-y', 'mcp-remote', '{{url}}', '--header', 'Authorization:${AUTH_HEADER}'],
      env: { AUTH_HEADER: 'Bearer {{token}}' },
    },
  },
});
const TOKEN_IN_FILE =
  'Replace $LATCHKEY_TOKEN if it stands there: this file takes no variables, so it holds the token; keep it readable by you only, and give it a token of its own.';
const REMOTE_ON_HTTP = 'mcp-remote takes plain http for localhost and 127.0.0.1 only.';

/** Clients on the user's machine that are told of a server in a file. */
export const DESKTOP_CLIENTS: readonly Client[] = [
  {
    // https://code.claude.com/docs/en/mcp (Environment variable expansion in .mcp.json)
    name: 'claude-code',
    title: 'Claude Code',
    snippets: [
      {
        where: '.mcp.json in the project folder',
        format: 'json',
        template: jsonTemplate({
          mcpServers: {
            latchkey: { type: 'http', url: '{{url}}', headers: { Authorization: 'Bearer ${LATCHKEY_TOKEN}' } },
          },
        }),
      },
    ],
    note: `${FROM_ENVIRONMENT} When it is not set, Claude Code sends the text of the variable's name and gets 401.`,
    remote: false,
  },
  {
    // https://support.anthropic.com/en/articles/11503834-building-custom-connectors-via-remote-mcp-servers: remote
    // servers are not read from this file, so a local program must stand between.
    name: 'claude-desktop',
    title: 'Claude Desktop',
    snippets: [
      {
        where:
          'claude_desktop_config.json (Settings, Developer, Edit Config), in ~/Library/Application Support/Claude or %APPDATA%\\Claude',
        format: 'json',
        template: VIA_MCP_REMOTE,
      },
    ],
    note: `${TOKEN_IN_FILE} Claude Desktop starts programs only, so mcp-remote from npm stands between. ${REMOTE_ON_HTTP}`,
    remote: false,
  },
  {
    // https://cursor.com/docs/mcp (Config interpolation)
    name: 'cursor',
    title: 'Cursor',
    snippets: [
      {
        where: '.cursor/mcp.json in the project folder, or ~/.cursor/mcp.json',
        format: 'json',
        template: jsonTemplate({
          mcpServers: { latchkey: { url: '{{url}}', headers: { Authorization: 'Bearer ${env:LATCHKEY_TOKEN}' } } },
        }),
      },
    ],
    note: FROM_ENVIRONMENT,
    remote: false,
  },
  {
    // https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
    name: 'vscode',
    title: 'VS Code',
    snippets: [
      {
        where: '.vscode/mcp.json in the project folder, or "MCP: Open User Configuration"',
        format: 'json',
        template: jsonTemplate({
          inputs: [{ type: 'promptString', id: 'latchkey_token', description: 'Latchkey token', password: true }],
          servers: {
            latchkey: { type: 'http', url: '{{url}}', headers: { Authorization: 'Bearer ${input:latchkey_token}' } },
          },
        }),
      },
    ],
    note: 'VS Code asks for the token when the server starts first and keeps it in its own secret storage.',
    remote: false,
  },
  {
    // https://github.com/geelen/mcp-remote#custom-headers
    name: 'mcp-remote',
    title: 'mcp-remote, for clients that only start programs',
    snippets: [{ where: "the client's own configuration file", format: 'json', template: VIA_MCP_REMOTE }],
    note: `${TOKEN_IN_FILE} ${REMOTE_ON_HTTP}`,
    remote: false,
  },
];
