import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LatchkeyError } from '../core/error.ts';
import { addConnectCommand, CLIENTS } from './connect.ts';

const URL_GIVEN = 'https://mcp.example.com/files/mcp';
const TOKEN = 'lk_testtoken0000000000000000000000000000000000000000';

function connect(...args: string[]): { out: string; err: string } {
  const program = new Command();
  let [out, err] = ['', ''];
  program.exitOverride().configureOutput({
    writeOut: (text) => void (out += text),
    writeErr: (text) => void (err += text),
  });
  addConnectCommand(program);
  program.parse(['connect', ...args], { from: 'user' });
  return { out, err };
}

function failure(...args: string[]): LatchkeyError | null {
  try {
    connect(...args);
    return null;
  } catch (error) {
    return error as LatchkeyError;
  }
}

const settings = (...args: string[]) => JSON.parse(connect(...args).out) as any;

beforeEach(() => vi.stubEnv('LATCHKEY_TOKEN', ''));
afterEach(() => vi.unstubAllEnvs());

describe('connect', () => {
  it('lists every client, and says which a token is not enough for', () => {
    const listed = connect().out.trimEnd().split('\n');
    expect(listed).toHaveLength(CLIENTS.length);
    expect(listed.filter((line) => line.includes('not with a token alone'))).toHaveLength(2);
    expect(settings('--json').map(({ name }: { name: string }) => name)).toEqual(CLIENTS.map(({ name }) => name));
  });

  it('has no name twice', () => {
    expect(new Set(CLIENTS.map(({ name }) => name)).size).toBe(CLIENTS.length);
  });

  it('refuses an unknown client and suggests the nearest', () => {
    const error = failure('cursr');
    expect(error?.code).toBe('E_CLIENT_UNKNOWN');
    expect(error?.hint).toContain('cursor');
  });

  it.each(['ftp://x/mcp', 'mcp', 'https://u:p@x/mcp', "https://x/'/mcp", 'https://x/$(id)', 'https://x/mcp?token=1'])(
    'refuses the URL %s',
    (url) => {
      expect(failure('curl', '--url', url)?.code).toBe('E_USAGE');
    },
  );

  it.each(CLIENTS.flatMap(({ name, snippets }) => (snippets.length > 0 ? [name] : [])))(
    'prints the URL in the settings of %s and leaves nothing to fill in',
    (name) => {
      const { out } = connect(name, '--url', URL_GIVEN);
      expect(out).toContain(URL_GIVEN);
      expect(out).not.toContain('{{');
    },
  );

  it('gives the same text with --json', () => {
    const { snippets, url } = settings('cursor', '--url', URL_GIVEN, '--json');
    expect(url).toBe(URL_GIVEN);
    expect(`${snippets[0].text}\n`).toBe(connect('cursor', '--url', URL_GIVEN).out);
  });
});

describe('settings files', () => {
  const headers = { Authorization: expect.any(String) };

  it('of Claude Code, Cursor and VS Code name the server and where the token comes from', () => {
    expect(settings('claude-code', '--url', URL_GIVEN).mcpServers.latchkey).toEqual({
      type: 'http',
      url: URL_GIVEN,
      headers: { Authorization: 'Bearer ${LATCHKEY_TOKEN}' },
    });
    expect(settings('cursor', '--url', URL_GIVEN).mcpServers.latchkey).toEqual({
      url: URL_GIVEN,
      headers: { Authorization: 'Bearer ${env:LATCHKEY_TOKEN}' },
    });
    const vscode = settings('vscode', '--url', URL_GIVEN);
    expect(vscode.servers.latchkey).toEqual({ type: 'http', url: URL_GIVEN, headers });
    const asked = /^Bearer \$\{input:(\w+)\}$/.exec(vscode.servers.latchkey.headers.Authorization)?.[1];
    expect(vscode.inputs).toContainEqual(expect.objectContaining({ id: asked, type: 'promptString', password: true }));
  });

  it.each(['claude-desktop', 'mcp-remote'])('of %s hand mcp-remote the header by the environment', (name) => {
    vi.stubEnv('LATCHKEY_TOKEN', TOKEN);
    const { command, args, env } = settings(name, '--url', URL_GIVEN).mcpServers.latchkey;
    expect([command, ...args].join(' ')).toBe(`npx -y mcp-remote ${URL_GIVEN} --header Authorization:\${AUTH_HEADER}`);
    expect(env).toEqual({ AUTH_HEADER: `Bearer ${TOKEN}` });
  });

  it('have a placeholder where no token is given', () => {
    expect(settings('mcp-remote').mcpServers.latchkey.env.AUTH_HEADER).toBe('Bearer $LATCHKEY_TOKEN');
  });

  it.each(CLIENTS.map(({ name }) => name).filter((name) => name !== 'claude-desktop' && name !== 'mcp-remote'))(
    'of %s never hold the token',
    (name) => {
      vi.stubEnv('LATCHKEY_TOKEN', TOKEN);
      const { out, err } = connect(name, '--url', URL_GIVEN);
      expect(out + err + connect(name, '--json').out).not.toContain(TOKEN);
    },
  );
});

describe('settings of the README', () => {
  const page = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');

  it.each([
    ['Claude Code', 'claude-code'],
    ['Cursor', 'cursor'],
    ['VS Code', 'vscode'],
    ['Claude Desktop', 'claude-desktop'],
  ])('for %s are those that are printed', (title, name) => {
    const section = page.split(`### ${title}\n`)[1] ?? '';
    expect(section.split('```json\n')[1]?.split('```')[0]).toBe(connect(name).out);
  });
});

describe('--token-file', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'latchkey-connect-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (text: string, mode = 0o600): string => {
    const file = join(folder, 'token');
    writeFileSync(file, text, { mode });
    return file;
  };

  it('goes before the environment', () => {
    vi.stubEnv('LATCHKEY_TOKEN', 'lk_other');
    const { out } = connect('mcp-remote', '--token-file', write(`${TOKEN}\n`));
    expect(JSON.parse(out).mcpServers.latchkey.env.AUTH_HEADER).toBe(`Bearer ${TOKEN}`);
  });

  it.skipIf(process.platform === 'win32')('must be closed to others', () => {
    expect(failure('mcp-remote', '--token-file', write(TOKEN, 0o644))?.code).toBe('E_SECRET_MISSING');
  });

  it('must hold a token', () => {
    const error = failure('mcp-remote', '--token-file', write('"; rm -rf /'));
    expect(error?.code).toBe('E_USAGE');
    expect(error?.message).not.toContain('rm -rf');
  });
});

describe('hosted clients', () => {
  it.each(['claude-ai', 'chatgpt'])('print no settings for %s and say why', (name) => {
    const { out, err } = connect(name, '--url', URL_GIVEN);
    expect(out).toBe('');
    expect(err).toContain('OAuth');
    expect(settings(name, '--json')).toMatchObject({ possible: false, needsPublicUrl: true, snippets: [] });
  });

  it('warn of a URL that only this machine can reach', () => {
    expect(connect('openai-api').err).toContain('needs a public https URL');
    expect(connect('openai-api', '--url', URL_GIVEN).err).not.toContain('needs a public https URL');
  });
});

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly body: string;
}

/** Runs a program against a real server that refuses everything, and gives back what that server heard first. */
async function hear(run: (origin: string) => readonly [string, readonly string[]]): Promise<Heard> {
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      heard.push({ headers: request.headers, url: request.url ?? '', body });
      response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const [program, args] = run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await new Promise<void>((resolve) => {
    const env = { ...process.env, LATCHKEY_TOKEN: TOKEN, OPENAI_API_KEY: 'sk-x', ANTHROPIC_API_KEY: 'sk-y' };
    execFile(program, args, { env }, () => resolve());
  });
  await new Promise((resolve) => void server.close(resolve));
  return heard[0] as Heard;
}

const shellOf = (name: string, ...args: string[]): string => settings(name, ...args, '--json').snippets[0].text;

const textsIn = (format: string): string[] =>
  CLIENTS.flatMap(({ name }) => settings(name, '--json').snippets as { format: string; text: string }[])
    .filter((snippet) => snippet.format === format)
    .map(({ text }) => text);

describe('programs', () => {
  it('of curl send one sound tools/list with the token', async () => {
    const heard = await hear((origin) => ['/bin/sh', ['-c', shellOf('curl', '--url', `${origin}/mcp`)]]);
    expect(heard.url).toBe('/mcp');
    expect(heard.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'mcp-method': 'tools/list',
      'mcp-protocol-version': '2026-07-28',
    });
    expect(JSON.parse(heard.body)).toMatchObject({ jsonrpc: '2.0', method: 'tools/list' });
  });

  it('of the SDK send the token from the environment', async () => {
    const heard = await hear((origin) => {
      const [{ text }] = settings('sdk', '--url', `${origin}/mcp`, '--json').snippets;
      return [process.execPath, ['--no-warnings', '--input-type=module-typescript', '-e', text]];
    });
    expect(heard.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(JSON.parse(heard.body).method).toBe('server/discover');
  });

  it('of the Claude API send the beta header and the server with its token', async () => {
    const shell = shellOf('anthropic-api', '--url', URL_GIVEN);
    const heard = await hear((origin) => ['/bin/sh', ['-c', shell.replace('https://api.anthropic.com', origin)]]);
    const body = JSON.parse(heard.body);
    expect(heard.headers).toMatchObject({ 'anthropic-beta': 'mcp-client-2025-11-20', 'x-api-key': 'sk-y' });
    expect(body.mcp_servers).toEqual([{ type: 'url', url: URL_GIVEN, name: 'latchkey', authorization_token: TOKEN }]);
    expect(body.tools).toEqual([{ type: 'mcp_toolset', mcp_server_name: body.mcp_servers[0].name }]);
  });

  it('of the OpenAI API send the server with its header', async () => {
    const shell = shellOf('openai-api', '--url', URL_GIVEN);
    const heard = await hear((origin) => ['/bin/sh', ['-c', shell.replace('https://api.openai.com', origin)]]);
    expect(heard.headers.authorization).toBe('Bearer sk-x');
    expect(JSON.parse(heard.body).tools[0]).toMatchObject({
      type: 'mcp',
      server_url: URL_GIVEN,
      headers: { Authorization: `Bearer ${TOKEN}` },
      require_approval: 'always',
    });
  });

  it('of the Inspector quote the header', () => {
    // Tried with 2.12: it takes a URL among its arguments for a command.
    expect(connect('mcp-inspector', '--url', URL_GIVEN).out).toMatch(/--server-url '[^']+'/);
    expect(connect('mcp-inspector', '--url', URL_GIVEN).out).toContain(
      '--header "Authorization: Bearer $LATCHKEY_TOKEN"',
    );
  });

  it.each(textsIn('typescript'))('in TypeScript are TypeScript (%#)', (text) => {
    expect(() => stripTypeScriptTypes(text)).not.toThrow();
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0).each(textsIn('python'))(
    'in Python are Python (%#)',
    (text) => {
      const run = spawnSync('python3', ['-c', 'import sys; compile(sys.stdin.read(), "snippet", "exec")'], {
        input: text,
        encoding: 'utf8',
      });
      expect(run.stderr).toBe('');
    },
  );
});
