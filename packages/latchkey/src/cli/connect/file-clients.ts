import type { Client, FilePath } from './client.ts';

const FROM_ENVIRONMENT = 'No token stands in the file: it is read from the environment that the client starts in.';
const STARTED_THERE = `${FROM_ENVIRONMENT} A program that was started from the desktop does not see what a shell exports; start it from that shell.`;
const TOKEN_IN_FILE =
  'This file takes no variables, so it holds the token: replace $LATCHKEY_TOKEN if it stands there, keep the file readable by you only, and give it a token of its own.';
const REMOTE_ON_HTTP = 'mcp-remote takes plain http for localhost and 127.0.0.1 only.';

// No space after the colon: Claude Desktop on Windows and Cursor break arguments there.
// https://github.com/geelen/mcp-remote#custom-headers
const VIA_MCP_REMOTE = {
  command: 'npx',
  args: ['-y', 'mcp-remote', '{{url}}', '--header', 'Authorization:${AUTH_HEADER}'],
  env: { AUTH_HEADER: 'Bearer {{token}}' },
};

const CLAUDE_DESKTOP_FILE: FilePath = {
  darwin: '~/Library/Application Support/Claude/claude_desktop_config.json',
  win32: '${APPDATA:-~/AppData/Roaming}/Claude/claude_desktop_config.json',
  linux: '${XDG_CONFIG_HOME:-~/.config}/Claude/claude_desktop_config.json',
};
const VSCODE_FILE: FilePath = {
  darwin: '~/Library/Application Support/Code/User/mcp.json',
  win32: '${APPDATA:-~/AppData/Roaming}/Code/User/mcp.json',
  linux: '${XDG_CONFIG_HOME:-~/.config}/Code/User/mcp.json',
};
const ZED_FILE: FilePath = {
  darwin: '~/.config/zed/settings.json',
  win32: '${APPDATA:-~/AppData/Roaming}/Zed/settings.json',
  linux: '${XDG_CONFIG_HOME:-~/.config}/zed/settings.json',
};

/** Clients on the user's machine that are told of a server in a file. Sources of each format: docs/clients.md. */
export const FILE_CLIENTS: readonly Client[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    settings: {
      format: 'json',
      where: '.mcp.json in the project folder, or ~/.claude.json for every project',
      files: [
        { scope: 'project', path: '.mcp.json' },
        { scope: 'user', path: '${CLAUDE_CONFIG_DIR:-~}/.claude.json' },
      ],
      entries: [
        {
          path: ['mcpServers', 'latchkey'],
          value: { type: 'http', url: '{{url}}', headers: { Authorization: 'Bearer ${LATCHKEY_TOKEN}' } },
        },
      ],
    },
    snippets: [],
    note: `${FROM_ENVIRONMENT} When it is not set, or in ~/.claude.json with versions of before summer 2026, Claude Code sends the text of the variable's name and gets 401. What is in .mcp.json is used once you approved it in \`claude\`.`,
    remote: false,
  },
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    settings: {
      format: 'json',
      where:
        'claude_desktop_config.json (Settings, Developer, Edit Config), in ~/Library/Application Support/Claude or %APPDATA%\\Claude',
      files: [{ scope: 'user', path: CLAUDE_DESKTOP_FILE }],
      entries: [{ path: ['mcpServers', 'latchkey'], value: VIA_MCP_REMOTE }],
    },
    snippets: [],
    note: `${TOKEN_IN_FILE} Claude Desktop starts programs only, so mcp-remote from npm stands between. ${REMOTE_ON_HTTP} Restart Claude Desktop afterwards.`,
    remote: false,
  },
  {
    name: 'cursor',
    title: 'Cursor',
    settings: {
      format: 'jsonc',
      where: '.cursor/mcp.json in the project folder, or ~/.cursor/mcp.json',
      files: [
        { scope: 'project', path: '.cursor/mcp.json' },
        { scope: 'user', path: '~/.cursor/mcp.json' },
      ],
      entries: [
        {
          path: ['mcpServers', 'latchkey'],
          value: { url: '{{url}}', headers: { Authorization: 'Bearer ${env:LATCHKEY_TOKEN}' } },
        },
      ],
    },
    snippets: [],
    note: STARTED_THERE,
    remote: false,
  },
  {
    name: 'vscode',
    title: 'VS Code',
    settings: {
      format: 'jsonc',
      where: '.vscode/mcp.json in the project folder, or "MCP: Open User Configuration"',
      files: [
        { scope: 'project', path: '.vscode/mcp.json' },
        { scope: 'user', path: VSCODE_FILE },
      ],
      entries: [
        {
          path: ['inputs'],
          elementBy: 'id',
          value: { type: 'promptString', id: 'latchkey_token', description: 'Latchkey token', password: true },
        },
        {
          path: ['servers', 'latchkey'],
          // ${env:…} is not replaced in headers: https://github.com/microsoft/vscode/issues/336232
          value: { type: 'http', url: '{{url}}', headers: { Authorization: 'Bearer ${input:latchkey_token}' } },
        },
      ],
    },
    snippets: [],
    note: 'VS Code asks for the token when the server starts first and keeps it in its own secret storage.',
    remote: false,
  },
  {
    name: 'windsurf',
    title: 'Windsurf (Devin Desktop), Cascade',
    settings: {
      format: 'jsonc',
      where: '~/.codeium/windsurf/mcp_config.json',
      files: [{ scope: 'user', path: '~/.codeium/windsurf/mcp_config.json' }],
      entries: [
        {
          path: ['mcpServers', 'latchkey'],
          value: { serverUrl: '{{url}}', headers: { Authorization: 'Bearer ${env:LATCHKEY_TOKEN}' } },
        },
      ],
    },
    snippets: [],
    note: `${STARTED_THERE} Press the refresh button under MCPs afterwards.`,
    remote: false,
  },
  {
    name: 'zed',
    title: 'Zed',
    settings: {
      format: 'jsonc',
      where: 'settings.json ("zed: open settings file"), in ~/.config/zed or %APPDATA%\\Zed',
      files: [{ scope: 'user', path: ZED_FILE }],
      entries: [
        {
          path: ['context_servers', 'latchkey'],
          // It sends a variable's name as it stands: https://github.com/zed-industries/zed/issues/60459
          value: { url: '{{url}}', headers: { Authorization: 'Bearer {{token}}' } },
        },
      ],
    },
    snippets: [],
    note: TOKEN_IN_FILE,
    remote: false,
  },
  {
    name: 'gemini-cli',
    title: 'Gemini CLI',
    settings: {
      format: 'jsonc',
      where: '~/.gemini/settings.json, or .gemini/settings.json in the project folder',
      files: [
        { scope: 'user', path: '~/.gemini/settings.json' },
        { scope: 'project', path: '.gemini/settings.json' },
      ],
      entries: [
        {
          path: ['mcpServers', 'latchkey'],
          // A `url` would be taken for the older HTTP+SSE transport.
          value: { httpUrl: '{{url}}', headers: { Authorization: 'Bearer ${LATCHKEY_TOKEN}' } },
        },
      ],
    },
    snippets: [],
    note: `${FROM_ENVIRONMENT} Gemini CLI uses no MCP servers in folders that it does not trust.`,
    remote: false,
  },
  {
    name: 'codex',
    title: 'Codex CLI',
    settings: {
      format: 'toml',
      where: '~/.codex/config.toml, or .codex/config.toml in a project that Codex trusts',
      files: [
        { scope: 'user', path: '${CODEX_HOME:-~/.codex}/config.toml' },
        { scope: 'project', path: '.codex/config.toml' },
      ],
      entries: [
        { path: ['mcp_servers', 'latchkey'], value: { url: '{{url}}', bearer_token_env_var: 'LATCHKEY_TOKEN' } },
      ],
    },
    snippets: [],
    note: `${FROM_ENVIRONMENT} The extension and the desktop app read the same file.`,
    remote: false,
  },
  {
    name: 'mcp-remote',
    title: 'mcp-remote, for clients that only start programs',
    settings: {
      format: 'jsonc',
      where: "the client's own configuration file",
      files: [],
      entries: [{ path: ['mcpServers', 'latchkey'], value: VIA_MCP_REMOTE }],
    },
    snippets: [],
    note: `${TOKEN_IN_FILE} ${REMOTE_ON_HTTP}`,
    remote: false,
  },
];
