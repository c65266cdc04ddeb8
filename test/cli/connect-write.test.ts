import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLatchkey, type Outcome } from './run-latchkey.ts';

const TOKEN = 'lk_testtoken0000000000000000000000000000000000000000';
const SCRIPT_MISSING = spawnSync('script', ['--version']).status !== 0;

let folder: string;
beforeEach(async () => void (folder = realpathSync(await mkdtemp(join(tmpdir(), 'latchkey-connect-')))));
afterEach(() => rm(folder, { recursive: true }));

const connect = (...args: string[]): Promise<Outcome> => runLatchkey(['connect', ...args], folder);
const withToken = (...args: string[]): Promise<Outcome> =>
  runLatchkey(['connect', ...args], folder, { LATCHKEY_TOKEN: TOKEN });

const at = (file: string): string => join(folder, file);
const text = (file: string): string => readFileSync(at(file), 'utf8');
const modeOf = (file: string): string => (statSync(at(file)).mode & 0o777).toString(8);
const filesIn = (directory: string): readonly string[] => readdirSync(at(directory)).sort();

function put(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), content);
  chmodSync(at(file), mode);
}

function codeOf({ code, stderr }: Outcome): string {
  return `${code} ${/latchkey: (E_[A-Z_]+) /.exec(stderr)?.[1] ?? ''}`;
}

/** What stands in the folder, names, modes and contents: nothing was touched where it is the same. */
function snapshot(): readonly string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.sort().map((name) => {
    const stats = lstatSync(at(name));
    return `${name} ${stats.mode} ${stats.ino} ${stats.isFile() ? text(name) : ''}`;
  });
}

/** Gives the exit code of `connect cursor --write` on a terminal of its own, where somebody presses a key when asked. */
async function answerOnTerminal(key: string): Promise<number | null> {
  const main = fileURLToPath(new URL('../../packages/latchkey/src/cli/main.ts', import.meta.url));
  const command = `stty cols 80; exec '${process.execPath}' '${main}' connect cursor --write`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => {
    const asked = shown.includes('Change the file?');
    shown += chunk.toString();
    if (!asked && shown.includes('Change the file?')) terminal.stdin.write(key);
  });
  const [code] = (await once(terminal, 'close')) as [number | null];
  return code;
}

describe('latchkey connect --write', () => {
  const CURSOR = `{
  // servers of mine
  "mcpServers": {
    "other": { "url": "https://other.example/mcp", "headers": { "X-Key": "secret-of-other" } }, // keep
  },
}
`;

  it('adds to a file with comments and other servers, and keeps every byte of them', async () => {
    put('.cursor/mcp.json', CURSOR, 0o640);
    const { code, stdout, stderr } = await connect('cursor', '--write', '--yes');
    expect(code).toBe(0);
    expect(stdout).toBe(`${at('.cursor/mcp.json')}\n`);
    expect(text('.cursor/mcp.json')).toBe(
      CURSOR.replace(
        ' // keep\n',
        ` // keep
    "latchkey": {
      "url": "http://127.0.0.1:8787/mcp",
      "headers": {
        "Authorization": "Bearer \${env:LATCHKEY_TOKEN}"
      }
    }
`,
      ),
    );
    expect(modeOf('.cursor/mcp.json')).toBe('640');
    expect(stderr).toContain('+     "latchkey": {');
    expect(stderr).toContain('export LATCHKEY_TOKEN=$(latchkey token create cursor)');
    expect(stderr).not.toContain('secret-of-other');
  });

  it('keeps a copy with the same mode, and says how to take the change back', async () => {
    put('.cursor/mcp.json', CURSOR, 0o640);
    const { stderr } = await connect('cursor', '--write', '--yes');
    const [backup] = filesIn('.cursor').filter((name) => /^mcp\.json\.bak-\d{8}T\d{9}Z$/.test(name));
    expect(filesIn('.cursor')).toEqual(['mcp.json', backup]);
    expect(text(`.cursor/${backup}`)).toBe(CURSOR);
    expect(modeOf(`.cursor/${backup}`)).toBe('640');
    execFileSync('/bin/sh', ['-c', /To undo it: (.+)/.exec(stderr)![1]!]);
    expect(filesIn('.cursor')).toEqual(['mcp.json']);
    expect(text('.cursor/mcp.json')).toBe(CURSOR);
  });

  it('changes nothing the second time', async () => {
    put('.cursor/mcp.json', CURSOR);
    await connect('cursor', '--write', '--yes');
    const before = snapshot();
    const { code, stdout, stderr } = await connect('cursor', '--write');
    expect(code).toBe(0);
    expect(stdout).toBe(`${at('.cursor/mcp.json')}\n`);
    expect(stderr).toContain('nothing was written');
    expect(snapshot()).toEqual(before);
  });

  it('does not write without being told yes', async () => {
    put('.cursor/mcp.json', CURSOR);
    const before = snapshot();
    const outcome = await connect('cursor', '--write');
    expect(codeOf(outcome)).toBe('2 E_USAGE');
    expect(outcome.stderr).toContain('+     "latchkey": {');
    expect(codeOf(await connect('cursor', '--write', '--json'))).toBe('2 E_USAGE');
    expect(snapshot()).toEqual(before);
  });

  it.skipIf(SCRIPT_MISSING)('asks on a terminal', async () => {
    put('.cursor/mcp.json', CURSOR);
    expect(await answerOnTerminal('n')).toBe(1);
    expect(text('.cursor/mcp.json')).toBe(CURSOR);
    expect(await answerOnTerminal('y')).toBe(0);
    expect(text('.cursor/mcp.json')).toContain('"latchkey"');
  });

  it('keeps CRLF', async () => {
    put('.vscode/mcp.json', '{\r\n\t"servers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n');
    expect((await connect('vscode', '--write', '--yes')).code).toBe(0);
    expect(text('.vscode/mcp.json').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    const { servers, inputs } = JSON.parse(text('.vscode/mcp.json')) as Record<string, any>;
    expect(Object.keys(servers)).toEqual(['a', 'latchkey']);
    expect(inputs).toHaveLength(1);
  });

  it('makes a file where there is none, open to nobody else where a token goes in', async () => {
    const created = JSON.parse((await connect('claude-code', '--write', '--yes', '--json')).stdout) as object;
    expect(created).toEqual({ file: at('.mcp.json'), changed: true, backup: null, undo: `rm ${at('.mcp.json')}` });
    expect(text('.mcp.json')).toBe((await connect('claude-code')).stdout);
    const { code, stderr, stdout } = await withToken('zed', '--write', '--yes');
    expect(code).toBe(0);
    expect(modeOf('.config/zed/settings.json')).toBe('600');
    expect(text('.config/zed/settings.json')).toContain(`"Bearer ${TOKEN}"`);
    expect(stderr + stdout).not.toContain(TOKEN);
  });

  it('closes a file that gets a token, and shows neither the old one nor the new', async () => {
    const old = 'lk_oldtoken00000000000000000000000000000000000000000';
    put(
      '.config/zed/settings.json',
      `{ "context_servers": { "latchkey": { "headers": { "Authorization": "Bearer ${old}" } } } }`,
      0o664,
    );
    const { stderr } = await withToken('zed', '--write', '--yes');
    expect(modeOf('.config/zed/settings.json')).toBe('600');
    expect(stderr).toContain('Bearer [redacted]');
    expect(stderr).not.toMatch(/lk_(?:old|test)token/);
  });

  it('does not write a placeholder for a token', async () => {
    expect(codeOf(await connect('zed', '--write', '--yes'))).toBe('2 E_SECRET_MISSING');
    expect(existsSync(at('.config'))).toBe(false);
  });

  it('edits TOML by its own table alone', async () => {
    const before = '# mine\nmodel = "o3"\n\n[mcp_servers.other]\ncommand = "x" # why\n';
    put('.codex/config.toml', before);
    expect((await connect('codex', '--write', '--yes', '--url', 'https://a.example/mcp')).code).toBe(0);
    expect(text('.codex/config.toml')).toBe(
      `${before}\n[mcp_servers.latchkey]\nurl = "https://a.example/mcp"\nbearer_token_env_var = "LATCHKEY_TOKEN"\n`,
    );
    await connect('codex', '--write', '--yes', '--url', 'https://b.example/mcp');
    expect(text('.codex/config.toml')).toBe(
      `${before}\n[mcp_servers.latchkey]\nurl = "https://b.example/mcp"\nbearer_token_env_var = "LATCHKEY_TOKEN"\n`,
    );
  });

  it('takes --scope and --file', async () => {
    expect((await connect('claude-code', '--scope', 'user', '--write', '--yes')).stdout).toBe(
      `${at('.claude.json')}\n`,
    );
    expect((await connect('gemini-cli', '--scope', 'project', '--write', '--yes')).stdout).toBe(
      `${at('.gemini/settings.json')}\n`,
    );
    expect((await connect('cursor', '--file', 'a/b.json', '--write', '--yes')).stdout).toBe(`${at('a/b.json')}\n`);
  });

  it('writes through a symbolic link to what it points to', async () => {
    put('dotfiles/cursor.json', CURSOR);
    mkdirSync(at('.cursor'));
    symlinkSync('../dotfiles/cursor.json', at('.cursor/mcp.json'));
    expect((await connect('cursor', '--write', '--yes')).stdout).toBe(`${at('dotfiles/cursor.json')}\n`);
    expect(readlinkSync(at('.cursor/mcp.json'))).toBe('../dotfiles/cursor.json');
    expect(text('dotfiles/cursor.json')).toContain('"latchkey"');
    expect(filesIn('.cursor')).toEqual(['mcp.json']);
    expect(filesIn('dotfiles')).toHaveLength(2);
  });
});

/** What it says, when it is refused and nothing was touched. */
async function refusal(file: string): Promise<string> {
  const before = snapshot();
  const outcome = await connect('cursor', '--file', file, '--write', '--yes');
  expect(codeOf(outcome)).toBe('1 E_CLIENT_FILE');
  expect(snapshot()).toEqual(before);
  return outcome.stderr;
}

describe('latchkey connect --write refuses', () => {
  it('a file that it cannot parse, and says where', async () => {
    put('broken.json', '{\n  "mcpServers": {\n    "a": {},\n    b\n  }\n}\n');
    expect(await refusal('broken.json')).toContain('broken.json:4:5: ');
  });

  it('a file that is read-only', async () => {
    put('locked.json', '{}', 0o444);
    expect(await refusal('locked.json')).toContain('read-only');
  });
});
