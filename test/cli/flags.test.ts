import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLatchkey, startLatchkey } from './run-latchkey.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

const latchkey = (...args: string[]) => runLatchkey(args, folder);
const SERVER = ['--upstream', 'http://127.0.0.1:1/mcp', '--listen', '127.0.0.1:0'];

/** What a gateway that was started with these flags answers a caller without a credential. */
async function statusWithoutCredential(...flags: string[]): Promise<number> {
  const child = startLatchkey(['run', '--json', ...flags], folder);
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const { url } = JSON.parse(line) as { url: string };
    return (await fetch(url, { method: 'POST', headers, body })).status;
  } finally {
    const closed = once(child, 'close');
    child.kill();
    await closed;
  }
}

describe('a flag', () => {
  it.for([
    ['run', ...SERVER, '--store', ''],
    ['run', ...SERVER, '--token-file='],
    ['run', '--config', ''],
    ['run', '--tools', ''],
    ['token', 'create', 'alice', '--store', ''],
    ['token', 'create', 'alice', '--scope', 'read', '--scope', ''],
    ['policy', 'explain', '--tool', 'a', '--scope', ''],
    ['trail', '--store', ''],
    ['trail', 'verify', '--store='],
    ['init', '--upstream', 'http://127.0.0.1:1/mcp', '--file', ''],
  ])('that is empty, such as of a variable that is not set, is a usage error and makes nothing: %j', async (args) => {
    const { code, stdout, stderr } = await latchkey(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^latchkey: E_USAGE --[a-z-]+ is empty/)]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('goes before the file: --auth asks for credentials where the file says not to', async () => {
    await writeFile(join(folder, 'latchkey.yaml'), 'auth: { enabled: false }\n');
    expect(await statusWithoutCredential(...SERVER, '--auth')).toBe(401);
    expect(await statusWithoutCredential(...SERVER)).not.toBe(401);
  });

  it('that names a folder for the configuration gets no advice to change the rights of that folder', async () => {
    const { code, stderr } = await latchkey('config', 'check', '--config', tmpdir());
    expect([code, stderr]).toEqual([2, expect.stringMatching(/E_CONFIG_MISSING .*: is a folder/)]);
    expect(stderr).not.toContain('chmod');
  });

  it.runIf(existsSync('/dev/null'))(
    'that names a device for a file is told so, with no advice to change its rights',
    async () => {
      for (const words of [
        ['config', 'check', '--config', '/dev/null'],
        ['config', 'check', '--config', '/dev/zero'],
        ['run', '--tools', '/dev/null'],
      ]) {
        const { code, stderr } = await latchkey(...words);
        expect([words, code, stderr]).toEqual([words, 2, expect.stringMatching(/E_CONFIG_MISSING .*: is a device/)]);
        expect(stderr).not.toContain('chmod');
      }
    },
  );

  it('that names a configuration which is not there is told how to write that one', async () => {
    const { code, stderr } = await latchkey('config', 'check', '--config', "the prod's.yaml");
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("`latchkey init --file 'the prod'\\''s.yaml'` writes one"),
    ]);
  });

  it('that names a file for the store is told so, whatever it wanted there', async () => {
    const file = join(folder, 'no-store');
    await writeFile(file, '');
    for (const words of [
      ['token', 'list'],
      ['token', 'create', 'alice'],
      ['key', 'usage'],
      ['trail'],
      ['trail', 'verify'],
    ]) {
      const { code, stderr } = await latchkey(...words, '--store', file);
      expect([words, code, stderr]).toEqual([words, 1, expect.stringMatching(/E_STORE_UNREADABLE .*not a folder/)]);
    }
  });

  it('that names a folder for declared tools is told so', async () => {
    const { code, stderr } = await latchkey('run', '--tools', tmpdir());
    expect([code, stderr]).toEqual([2, expect.stringMatching(/E_CONFIG_MISSING .*: is a folder/)]);
  });

  it('that names a file which everybody can write to gets advice that can be pasted', async () => {
    const file = join(folder, "the rules'.yaml");
    await writeFile(file, 'tools: {}\n');
    await chmod(file, 0o666);
    const { code, stderr } = await latchkey('config', 'check', '--config', file);
    expect([code, stderr]).toEqual([2, expect.stringContaining('everybody on this machine can write to it')]);
    const [, advice] = /hint: (chmod .*)/.exec(stderr) ?? [];
    await promisify(execFile)('sh', ['-c', String(advice)]);
    expect((await latchkey('config', 'check', '--config', file)).code).toBe(0);
  });
});

describe.skipIf(process.platform === 'win32')('a working directory that was removed', () => {
  it.for([
    ['run', '--', 'node', 'server.js'],
    ['config', 'show'],
    ['init', '--command', 'node server.js'],
    ['connect', 'claude-code', '--write', '--yes'],
    ['tools', 'check', 'tools.yaml'],
  ])('is named, and no defect is reported: %s', async (words) => {
    const main = fileURLToPath(new URL('../../packages/latchkey/src/cli/main.ts', import.meta.url));
    const gone = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    const ended = promisify(execFile)('sh', ['-c', gone, 'sh', process.execPath, main, ...words], { cwd: folder });
    await expect(ended).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^latchkey: E_USAGE .*working directory.*\n {2}hint: .*cd/),
    });
  });
});

// In /proc the system answers that the parent is missing, however often that is made.
describe.runIf(existsSync('/proc/self'))('a folder that cannot be made', () => {
  it('ends the command, and does not keep it trying', async () => {
    const store = await latchkey('token', 'create', 'alice', '--store', '/proc/latchkey/store');
    expect([store.code, store.stderr]).toEqual([1, expect.stringContaining('E_STORE_UNREADABLE')]);
    const token = await latchkey('run', ...SERVER, '--token-file', '/proc/latchkey/token');
    expect([token.code, token.stderr]).toEqual([1, expect.stringContaining('E_DELIVERY')]);
    const settings = await latchkey('connect', 'cursor', '--write', '--yes', '--file', '/proc/latchkey/mcp.json');
    expect([settings.code, settings.stderr]).toEqual([1, expect.stringContaining('E_CLIENT_FILE')]);
  }, 20_000);
});

describe('a check of the configuration without one', () => {
  it.each([['config'], ['policy']])('of latchkey %s prints its one document with --json', async (command) => {
    const { code, stdout } = await runLatchkey([command, 'check', '--json'], folder);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      file: 'latchkey.yaml',
      problems: [{ code: 'E_CONFIG_MISSING', where: 'latchkey.yaml' }],
    });
  });
});

describe('latchkey config check', () => {
  it('says that a file names no server, which a flag of run has to then', async () => {
    await writeFile(join(folder, 'latchkey.yaml'), 'tools: { read: {} }\n');
    for (const command of ['config', 'policy']) {
      const { code, stdout } = await latchkey(command, 'check');
      expect([code, stdout]).toEqual([0, expect.stringContaining('names no server, 1 rule')]);
    }
  });

  it('warns of what run would warn of', async () => {
    const issuers = "auth: { issuers: { work: { preset: okta, issuer: 'https://o.okta.com/oauth2/default' } } }";
    await writeFile(join(folder, 'latchkey.yaml'), `publicUrl: https://mcp.example.com\n${issuers}\n`);
    const talk = await latchkey('config', 'check');
    expect([talk.code, talk.stderr]).toEqual([0, expect.stringMatching(/^warning: auth\.issuers\.work: /)]);
    const { warnings } = JSON.parse((await latchkey('config', 'check', '--json')).stdout) as { warnings: string[] };
    expect(warnings).toEqual([expect.stringMatching(/^auth\.issuers\.work: /)]);
  });
});
