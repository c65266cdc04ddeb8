import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../connect.ts';
import { fillEntries, holdsToken } from './client.ts';
import { renderSettings } from './render-settings.ts';

const URL_GIVEN = 'https://mcp.example.com/files/mcp';
const TOKEN = 'lk_testtoken0000000000000000000000000000000000000000';

/** What a client is told, read by a parser of the file's format. */
function read(name: string): unknown {
  const { settings } = CLIENTS.find((client) => client.name === name)!;
  const text = renderSettings(settings!.format, fillEntries(settings!.entries, { url: URL_GIVEN, token: TOKEN }));
  return settings!.format === 'toml' ? parseToml(text) : JSON.parse(text);
}

const bearer = (reference: string) => ({ headers: { Authorization: `Bearer ${reference}` } });
const viaMcpRemote = {
  command: 'npx',
  args: ['-y', 'mcp-remote', URL_GIVEN, '--header', 'Authorization:${AUTH_HEADER}'],
  env: { AUTH_HEADER: `Bearer ${TOKEN}` },
};

/** The documented shape for each client that has a settings file. */
const SHAPES: Readonly<Record<string, unknown>> = {
  'claude-code': { mcpServers: { latchkey: { type: 'http', url: URL_GIVEN, ...bearer('${LATCHKEY_TOKEN}') } } },
  'claude-desktop': { mcpServers: { latchkey: viaMcpRemote } },
  cursor: { mcpServers: { latchkey: { url: URL_GIVEN, ...bearer('${env:LATCHKEY_TOKEN}') } } },
  vscode: {
    inputs: [{ type: 'promptString', id: 'latchkey_token', description: 'Latchkey token', password: true }],
    servers: { latchkey: { type: 'http', url: URL_GIVEN, ...bearer('${input:latchkey_token}') } },
  },
  windsurf: { mcpServers: { latchkey: { serverUrl: URL_GIVEN, ...bearer('${env:LATCHKEY_TOKEN}') } } },
  zed: { context_servers: { latchkey: { url: URL_GIVEN, ...bearer(TOKEN) } } },
  'gemini-cli': { mcpServers: { latchkey: { httpUrl: URL_GIVEN, ...bearer('${LATCHKEY_TOKEN}') } } },
  codex: { mcp_servers: { latchkey: { url: URL_GIVEN, bearer_token_env_var: 'LATCHKEY_TOKEN' } } },
  'mcp-remote': { mcpServers: { latchkey: viaMcpRemote } },
};

describe('settings files', () => {
  it.each(Object.keys(SHAPES))('of %s have the documented shape', (name) => {
    expect(read(name)).toEqual(SHAPES[name]);
  });

  it('are all of these', () => {
    expect(CLIENTS.flatMap(({ name, settings }) => (settings === null ? [] : [name]))).toEqual(Object.keys(SHAPES));
  });

  it('hold the token only where the client can read no variable and ask for none', () => {
    expect(CLIENTS.filter(holdsToken).map(({ name }) => name)).toEqual(['claude-desktop', 'zed', 'mcp-remote']);
  });

  it('that hold the token are never those of a project, which others may read', () => {
    const scopes = CLIENTS.filter(holdsToken).flatMap(({ settings }) => settings!.files.map(({ scope }) => scope));
    expect(new Set(scopes)).toEqual(new Set(['user']));
  });
});

describe('docs/clients.md', () => {
  const page = readFileSync(new URL('../../../../../docs/clients.md', import.meta.url), 'utf8');

  it.each(CLIENTS.map(({ name }) => name))('has a source for %s', (name) => {
    expect(page).toMatch(new RegExp(`\\| \`${name}\` \\|.*https://.*20\\d\\d-\\d\\d`));
  });
});
