import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLatchkey } from './run-latchkey.ts';

let folder: string;
let socket: Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-special-'));
  execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
  socket = createServer().listen(join(folder, 'socket'));
  await once(socket, 'listening');
});
afterAll(() => {
  socket.close();
  rmSync(folder, { recursive: true });
});

/** Ends by itself before that, where it does not wait for a pipe or read a device for ever. */
const LONGEST_MS = 20_000;
const NOBODY = 'is a pipe that nobody writes to';
const UPSTREAM = 'upstream: { url: http://127.0.0.1:9/mcp }';
const ISSUER = '{ issuer: https://b.example, audience: x, jwks: { file: FILE } }';

async function start(args: readonly string[]) {
  const child = startLatchkey(args, folder);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  return { code, stderr };
}

describe.skipIf(process.platform === 'win32').concurrent('what is no file, and is named at the start', () => {
  it.each([
    ['a secret', 'upstream: { url: http://127.0.0.1:9/mcp, headers: { A: { file: FILE } } }', NOBODY],
    ['authorities', 'upstream: { url: https://127.0.0.1:9/mcp, tls: { ca: FILE } }', NOBODY],
    ['a TLS key', `${UPSTREAM}\ntls: { cert: FILE, key: FILE }`, NOBODY],
    ['a key set', `${UPSTREAM}\nauth: { issuers: { a: ${ISSUER} } }`, 'is no plain file'],
  ])(
    'in the place of %s',
    async (use, settings, words) => {
      const config = join(folder, `${use.replaceAll(' ', '-')}.yaml`);
      writeFileSync(config, `listen: 127.0.0.1:0\n${settings}\n`.replaceAll('FILE', 'pipe'));
      const { code, stderr } = await start(['run', '--config', config]);
      expect(stderr).toContain(words);
      expect(code).toBeGreaterThan(0);
    },
    LONGEST_MS * 2,
  );

  it.each([
    [['run', '--config'], 'pipe', NOBODY],
    [['run', '--config'], '/dev/zero', 'is a device'],
    [['forward-auth', '--config'], 'socket', 'is a socket'],
    [['run', '--tools'], 'pipe', NOBODY],
    [['run', '--tools'], '.', 'is a folder'],
    [['check', 'http://127.0.0.1:9/mcp', '--token-file'], 'pipe', NOBODY],
    [['check', 'http://127.0.0.1:9/mcp', '--token-file'], 'socket', 'is a socket'],
  ])(
    'to %s: %s',
    async (args, file, words) => {
      const { code, stderr } = await start([...args, file]);
      expect(stderr).toContain(words);
      expect(code).toBe(2);
    },
    LONGEST_MS * 2,
  );
});
