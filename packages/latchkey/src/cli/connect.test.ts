import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  it.each([
    ['mcp', 'is no URL'],
    ['http://', 'is no URL'],
    ['ftp://x/mcp', 'ftp:'],
    ['https://u:p@x/mcp', 'user'],
    ['https://x/mcp?token=1', 'query'],
    ['https://x/mcp?', 'query'],
    ['https://x/mcp#a', 'fragment'],
    ["https://x/'/mcp", "'"],
    ['https://x/$(id)', '$'],
    ['https://x/a!b', '!'],
    ['https://x/a&b', '&'],
    ['https://x/a*b', '*'],
    ['https://x/a|b', '|'],
  ])('refuses the URL %s and says why', (url, why) => {
    const error = failure('curl', '--url', url);
    expect(error?.code).toBe('E_USAGE');
    expect(error?.message).toContain(why);
    expect(error?.message).not.toContain(url);
  });

  it.each(['a b', 'a`b', 'a"b', 'a\\b', 'ü', '{{token}}', '\u202e'])(
    'writes what no URL may have in it as URLs have it: %s',
    (text) => {
      const url = `https://mcp.example.com/${text}/mcp`;
      const { out } = connect('curl', '--url', url);
      expect(out).toContain(`'${new URL(url).href}'`);
      expect(out).not.toContain(text);
    },
  );

  it.each(CLIENTS.map(({ name }) => name).filter((name) => name !== 'claude-ai' && name !== 'chatgpt'))(
    'prints the URL in the settings of %s and leaves nothing to fill in',
    (name) => {
      const { out } = connect(name, '--url', URL_GIVEN);
      expect(out).toContain(URL_GIVEN);
      expect(out).not.toContain('{{');
    },
  );

  it('says how the variable is set, for the clients that read it', () => {
    expect(connect('codex').err).toContain('export LATCHKEY_TOKEN=$(latchkey token create codex)');
    expect(settings('codex', '--json').setup).toBe('export LATCHKEY_TOKEN=$(latchkey token create codex)');
    expect(connect('vscode').err).not.toContain('export');
    expect(settings('zed', '--json').setup).toBeNull();
  });

  it('takes what is for --write with it only, and --write with a client only', () => {
    for (const flag of [['--yes'], ['--file', 'x'], ['--scope', 'user']])
      expect(failure('cursor', ...flag)?.code).toBe('E_USAGE');
  });

  it.each([
    ['a scope that the client does not have', ['zed', '--scope', 'project']],
    ['a client that signs in by OAuth', ['claude-ai']],
    ['a client without a file', ['curl']],
    ['a client whose file only the user knows', ['mcp-remote']],
    ['no client', []],
  ])('writes nowhere for %s', async (_, args) => {
    vi.stubEnv('LATCHKEY_TOKEN', TOKEN);
    const program = new Command();
    program.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    addConnectCommand(program);
    const written = (async () => program.parseAsync(['connect', ...args, '--write', '--yes'], { from: 'user' }))();
    await expect(written).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('gives the same text with --json', () => {
    const { snippets, url } = settings('cursor', '--url', URL_GIVEN, '--json');
    expect(url).toBe(URL_GIVEN);
    expect(`${snippets[0].text}\n`).toBe(connect('cursor', '--url', URL_GIVEN).out);
  });
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
