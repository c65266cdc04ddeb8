import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resourceMetadata, RESOURCE_PATH, startFlawedServer } from '../fixtures/flawed-server.ts';
import { PROGRAM } from '../fixtures/latchkey.ts';
import { check, usePlace } from './checking.ts';

const SCRIPT_MISSING = spawnSync('script', ['--version']).status !== 0;
const place = usePlace();

async function inTerminal(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const terminal = spawn('script', ['-qec', `'${process.execPath}' '${PROGRAM}' check ${url}`, '/dev/null'], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: place.folder, TERM: 'xterm-256color', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const [code] = (await once(terminal, 'close')) as [number];
  expect(code).toBe(0);
  return shown;
}

describe('latchkey check', () => {
  it('says that nobody is there', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const { code, stdout, stderr } = await check([`http://127.0.0.1:${port}/mcp`]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('FAIL  reachable');
    expect(stdout).toContain('Nothing listens at that port (ECONNREFUSED).');
    expect(stdout).not.toContain('Credentials');
  });

  it('prints a table without colours where no terminal is, and its summary', async () => {
    const server = place.closeAfter(await startFlawedServer());
    const { code, stdout, stderr } = await check([server.url]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').slice(0, 2)).toEqual([server.url, 'without a token']);
    expect(stdout).toMatch(/^ {2}pass {2}no-token +401$/m);
    expect(stdout).toMatch(/^\d+ probes in [\d.]+ s: 1 note, \d+ passed, \d+ skipped$/m);
    // What is one word, such as a URL, is not broken.
    const long = stdout.split('\n').filter((line) => line.length > 100);
    expect(long.filter((line) => !line.includes('http://'))).toEqual([]);
  });

  it('says why and what to do under what is wrong', async () => {
    const server = place.closeAfter(
      await startFlawedServer((asked, honest) => (honest().status === 401 ? { status: 401 } : null)),
    );
    const { code, stdout } = await check([server.url]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /FAIL {2}challenge +401 without a Bearer challenge\n +tried {2}looks .*\n +why {4}It is how .*\n[^]*? +do {5}Send `WWW-Auth/,
    );
  });

  it('shows text of the server as text, whatever is in it', async () => {
    const escape = '\u001b[2J\u202e';
    const server = place.closeAfter(
      await startFlawedServer((asked) =>
        asked.path === RESOURCE_PATH
          ? { status: 200, body: JSON.stringify({ ...resourceMetadata(asked.url), resource: `${escape}x` }) }
          : null,
      ),
    );
    const { stdout } = await check([server.url]);
    expect(stdout).toContain(String.raw`\u001b[2J\u202ex`);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u202e');
  });

  it.skipIf(SCRIPT_MISSING)('shows progress and colours on a terminal, and none with NO_COLOR', async () => {
    const server = place.closeAfter(await startFlawedServer());
    const colored = await inTerminal(server.url, {});
    expect(colored).toMatch(/checking \d+\/\d+ {2}no-token/);
    expect(colored).toContain('\u001b[32mpass\u001b[39m');
    const plain = await inTerminal(server.url, { NO_COLOR: '1' });
    expect(plain).toContain('  pass  no-token');
    expect(plain.slice(plain.indexOf('Connection'))).not.toContain('\u001b');
  });

  it('takes a token from a file, and never as a value', async () => {
    const server = place.closeAfter(await startFlawedServer());
    const file = join(place.folder, 'token');
    await writeFile(file, `${server.token}\n`, { mode: 0o600 });
    const { code, stdout } = await check([server.url, '--token-file', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/pass {2}token-accepted +accepted; it sees 1 tool/);
    expect(stdout).not.toContain(server.token);
    await chmod(file, 0o644);
    expect(await check([server.url, '--token-file', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_SECRET_MISSING'),
    });
    expect((await check([server.url, '--token', 'x'])).code).toBe(2);
  });

  it.each<[string, readonly string[], Record<string, string>, string]>([
    ['no URL', [], {}, 'E_USAGE'],
    ['no scheme', ['mcp.example.com/mcp'], {}, 'did you mean https://mcp.example.com/mcp?'],
    ['another scheme', ['ftp://h/mcp'], {}, 'did you mean https://h/mcp?'],
    ['a password in the URL', ['https://me:secret@h/mcp'], {}, 'E_USAGE The URL holds a user name or a password.'],
    ['a fragment', ['https://h/mcp#x'], {}, 'did you mean https://h/mcp?'],
    ['a time without a unit', ['https://h/mcp', '--timeout', '10'], {}, '500ms'],
    ['no time at all', ['https://h/mcp', '--timeout', '0s'], {}, 'E_USAGE'],
    [
      'a token that is two words',
      ['https://h/mcp'],
      { LATCHKEY_CHECK_TOKEN: 'Bearer abc' },
      'does not hold a token alone',
    ],
    ['no such file', ['https://h/mcp', '--token-file', 'nowhere'], {}, 'E_SECRET_MISSING'],
    ['one argument too many', ['https://h/mcp', 'x'], {}, 'E_USAGE'],
  ])('exits with 2 for %s', async (_what, args, env, text) => {
    const { code, stdout, stderr } = await check(args, env);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('secret@');
  });

  it('has a help with examples', async () => {
    const { code, stdout } = await check(['--help']);
    expect(code).toBe(0);
    for (const text of ['Examples:', '--token-file <file>', 'LATCHKEY_CHECK_TOKEN', '--json', 'Exit code'])
      expect(stdout).toContain(text);
  });
});
