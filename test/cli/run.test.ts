import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';
import { runLatchkey, runLatchkeyInto, startLatchkey } from './run-latchkey.ts';

let folder: string;
let taken: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterEach(async () => {
  taken.close();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]) => runLatchkey(['run', '--store', join(folder, 'store'), ...args], folder);
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function tokensOf(store: string) {
  const opened = await openStore(store);
  const tokens = await opened.credentials.list('token');
  await opened.close();
  return tokens;
}

describe('latchkey run', () => {
  it('says at once that its port is in use, and makes no token that nobody ever sees', async () => {
    const begun = performance.now();
    const { code, stderr } = await run('--listen', `127.0.0.1:${portOf(taken)}`, '--', 'sleep', '60');
    expect([code, stderr]).toEqual([1, expect.stringContaining('E_ADDRESS_IN_USE')]);
    expect(performance.now() - begun).toBeLessThan(25_000);
    expect(existsSync(join(folder, 'store')) ? await tokensOf(join(folder, 'store')) : []).toEqual([]);
  });

  it('ends when the first token cannot be handed over, and leaves none that works', async () => {
    const upstream = 'http://127.0.0.1:1/mcp';
    const { code, stdout, stderr } = await run(
      '--listen',
      '127.0.0.1:0',
      '--upstream',
      upstream,
      '--token-file',
      '/dev/null/token',
    );
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('E_DELIVERY')]);
    const tokens = await tokensOf(join(folder, 'store'));
    expect(tokens.map(({ name, revokedAt }) => [name, revokedAt === null])).toEqual([['default', false]]);
  });

  it.runIf(existsSync('/dev/full'))(
    'ends when nobody can be told the first token, and leaves none that works',
    async () => {
      const upstream = ['--upstream', 'http://127.0.0.1:1/mcp', '--listen', '127.0.0.1:0', '--json'];
      const words = ['run', '--store', join(folder, 'store'), ...upstream];
      const { code, stderr } = await runLatchkeyInto('/dev/full', words, folder);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/E_DELIVERY .*ENOSPC/)]);
      const tokens = await tokensOf(join(folder, 'store'));
      expect(tokens.map(({ name, revokedAt }) => [name, revokedAt === null])).toEqual([['default', false]]);
    },
  );

  it('takes a command line that names no server, or no program, for a wrong one', async () => {
    for (const args of [[], ['--', 'latchkey-no-such-program']]) {
      const { code, stderr } = await run('--listen', '127.0.0.1:0', ...args);
      expect([code, stderr]).toEqual([2, expect.stringContaining('E_UPSTREAM_MISSING')]);
    }
  });

  it('says of a command that cannot be started what it is', async () => {
    const note = join(folder, 'note.txt');
    await writeFile(note, 'no program');
    for (const [program, why] of [
      ['', 'names no program'],
      ['  ', 'names no program'],
      [folder, 'cannot be executed'],
      [note, 'cannot be executed'],
      ['./note.txt', 'cannot be executed'],
    ] as const) {
      const { code, stderr } = await run('--listen', '127.0.0.1:0', '--', program);
      expect([program, code, stderr]).toEqual([
        program,
        2,
        expect.stringMatching(`(E_USAGE|E_UPSTREAM_MISSING) .*${why}`),
      ]);
      expect(stderr).not.toMatch(/upstream\.command|--upstream|config check/);
    }
  });

  it('leaves no part of a first token that could not be written: in a container the next start has the same pid', async () => {
    const file = join(folder, 'token');
    await mkdir(file);
    const { code, stderr } = await run(
      '--listen',
      '127.0.0.1:0',
      '--upstream',
      'http://127.0.0.1:1/mcp',
      '--token-file',
      file,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('E_DELIVERY')]);
    expect((await readdir(folder)).toSorted()).toEqual(['store', 'token']);
  });

  it('says in its ready line where it listens, though clients know it by another URL', async () => {
    const at = ['--listen', '127.0.0.1:0', '--public-url', 'https://mcp.example'];
    const words = ['run', '--json', ...at, '--upstream', 'http://127.0.0.1:1/mcp', '--store', 'store'];
    const child = startLatchkey(words, folder);
    const ended = once(child, 'close');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const ready = JSON.parse(line) as Record<string, unknown>;
    expect(ready).toMatchObject({
      listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      url: 'https://mcp.example/mcp',
      publicUrl: 'https://mcp.example',
    });
    expect((await fetch(`http://${String(ready['listen'])}/healthz`)).status).toBe(200);
    child.kill();
    await ended;
  });

  it.each([
    ['upstream: { command: [x], env: { KEY: { env: NOWHERE } } }', 'upstream.env.KEY'],
    ['upstream: { url: "https://a.example/mcp", headers: { X-Key: { env: NOWHERE } } }', 'upstream.headers.X-Key'],
    [
      'servers: { db: { upstream: { url: "https://a.example/mcp", headers: { X-Key: { file: ./gone } } } } }',
      'servers.db.upstream.headers.X-Key',
    ],
    [
      `upstream: { url: "https://a.example/mcp", auth: { clientCredentials: { issuer: "https://id.example", client: { id: me, secret: { env: NOWHERE } } } } }`,
      'upstream.auth.clientCredentials.client.secret',
    ],
    [
      `upstream: { url: "https://a.example/mcp", auth: { tokenExchange: {} } }
auth: { issuers: { corp: { issuer: "https://id.example", client: { id: me, secret: { env: NOWHERE } } } } }`,
      'auth.issuers.corp.client.secret',
    ],
    ['upstream: { command: [x] }\nauth: { static: { env: NOWHERE } }', 'auth.static'],
  ])('names the key that asked for a secret that is not there: %s', async (config, key) => {
    await writeFile(join(folder, 'latchkey.yaml'), `listen: 127.0.0.1:0\n${config}\n`);
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([2, expect.stringContaining(`latchkey: E_SECRET_MISSING ${key}: `)]);
  });

  it('serves one server at a time', async () => {
    for (const [args, words] of [
      [['--upstream', 'http://127.0.0.1:1/mcp', '--tools', 'gantz.yaml'], '--upstream and --tools'],
      [['--tools', 'gantz.yaml', '--', 'sleep', '60'], 'a command and --tools'],
      [['--upstream', 'http://127.0.0.1:1/mcp', '--', 'sleep', '60'], 'a command and --upstream'],
    ] as const) {
      const { code, stderr } = await run(...args);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^latchkey: E_USAGE /)]);
      expect(stderr).toContain(words);
    }
  });

  it('says where a tools file is wrong, all at once, and does not start', async () => {
    const file = join(folder, 'gantz.yaml');
    await writeFile(file, 'name: site\ntools:\n  - name: a b\n    script: { shell: "true", timeout: soon }\n');
    const { code, stdout, stderr } = await run('--tools', 'gantz.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/E_CONFIG_INVALID [^]*gantz\.yaml:3:11 [^]*gantz\.yaml:4:\d+ /);
    expect(await run('--tools', 'nowhere.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_CONFIG_MISSING'),
    });
  });

  it('names what it does not understand by a code, with exit 2', async () => {
    for (const args of [['--bogus'], ['--upstream']]) {
      const { code, stdout, stderr } = await run(...args);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^latchkey: E_USAGE /)]);
    }
  });
});
