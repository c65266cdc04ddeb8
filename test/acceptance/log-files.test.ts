import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROGRAM, runLatchkey } from '../fixtures/latchkey.ts';
import { makeCertificates, OPENSSL_MISSING } from '../fixtures/certificates.ts';
import { argumentsOf, descendantsOf } from '../fixtures/processes.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';

const POSIX = process.platform !== 'win32';
const TOKEN = /lk_[0-9A-Za-z]{49}/g;

let folder: string;
let spy: SpyUpstream;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-files-'));
  spy = await startSpyUpstream();
});
afterAll(async () => {
  await spy.close();
  rmSync(folder, { recursive: true });
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

interface Service {
  readonly output: () => string;
  stop(): Promise<void>;
}

/** Runs the program in a shell of the loosest umask, its output going where a service's goes, until it says what is awaited. */
async function runLoosely(args: readonly string[], awaited: (output: string) => boolean): Promise<Service> {
  const line = ['exec', process.execPath, PROGRAM, ...args]
    .map((word) => `'${word}'`)
    .join(' ')
    .replace("'exec'", 'exec');
  const child = spawn('sh', ['-c', `umask 000; ${line}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  const closed = once(child, 'close');
  await expect.poll(() => awaited(output) || child.exitCode !== null, { timeout: 40_000 }).toBe(true);
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function filesBelow(path: string): readonly string[] {
  return (readdirSync(path, { recursive: true }) as string[]).map((name) => join(path, name));
}

test.runIf(POSIX)('LOG-08 File modes: whatever the umask, files are 0600 and folders 0700', async () => {
  const store = join(folder, 'loose', 'store');
  const handed = join(folder, 'handed.json');
  const config = join(folder, 'loose.yaml');
  const rotate = { every: '1s', grace: '1s', deliver: { file: handed } };
  writeFileSync(config, JSON.stringify({ upstream: { url: spy.url }, auth: { tokens: { ttl: '30s', rotate } } }), {
    mode: 0o600,
  });
  const listen = ['run', '--listen', '127.0.0.1:0', '--store', store];
  const service = await runLoosely([...listen, '--config', config], () => existsSync(handed));
  const maker = await runLoosely(['token', 'create', 'made', '--store', store], () => false);
  await service.stop();
  await maker.stop();
  expect(modeOf(store)).toBe('700');
  expect(modeOf(handed)).toBe('600');
  const found = filesBelow(store);
  for (const name of ['credentials.db', 'seals.db', 'trail', 'default.token'])
    expect(found).toContain(join(store, name));
  for (const path of found) expect([path, modeOf(path)]).toEqual([path, statSync(path).isDirectory() ? '700' : '600']);
  // Those that someone opened since are closed again, or not used.
  for (const path of [store, ...found]) chmodSync(path, 0o777);
  await runLatchkey(['token', 'create', 'again', '--store', store]);
  expect((statSync(store).mode & 0o022).toString(8)).toBe('0');
  for (const name of ['credentials.db', 'seals.db']) expect(modeOf(join(store, name))).toBe('600');
  const [segment = ''] = readdirSync(join(store, 'trail'));
  expect(modeOf(join(store, 'trail', segment))).toBe('600');
});

const dayBefore = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

test('the trail is kept as long as `trail.retention` says', async () => {
  const store = join(folder, 'kept', 'store');
  await runLatchkey(['token', 'create', 'made', '--store', store]);
  const old = [4, 2].map((days) => `${dayBefore(days).slice(0, 10)}.000001.jsonl`);
  for (const name of old) writeFileSync(join(store, 'trail', name), '', { mode: 0o600 });
  const config = join(folder, 'kept.yaml');
  writeFileSync(config, JSON.stringify({ upstream: { url: spy.url }, trail: { retention: '3d' } }), { mode: 0o600 });
  const flags = ['--config', config, '--listen', '127.0.0.1:0', '--store', store];
  const service = await runLoosely(['run', ...flags], () => !existsSync(join(store, 'trail', old[0]!)));
  expect(old.map((name) => existsSync(join(store, 'trail', name)))).toEqual([false, true]);
  await service.stop();
});

/** A run that must not start, and what it said. */
async function refusedWith(config: object, code: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(folder, 'refused.yaml');
  writeFileSync(file, JSON.stringify({ listen: '127.0.0.1:0', store: join(folder, 'never'), ...config }), {
    mode: 0o600,
  });
  const { code: ended, stdout, stderr } = await runLatchkey(['run', '--json', '--config', file], env);
  expect({ config, stdout, stderr, refused: ended !== 0 && ended !== null }).toMatchObject({
    config,
    stdout: '',
    refused: true,
  });
  expect(stderr).toContain(code);
  return stderr;
}

test.runIf(POSIX)(
  'LOG-08 File modes: a secret that others can read or write is refused',
  async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'value-of-the-secret-file');
    const headers = { Authorization: { file: secret } };
    const root = process.getuid?.() === 0;
    for (const mode of [0o644, 0o604, 0o602, 0o660, 0o620, 0o601, ...(root ? [] : [0o640])]) {
      chmodSync(secret, mode);
      const said = await refusedWith({ upstream: { url: spy.url, headers } }, 'E_SECRET_MISSING');
      expect(said).toContain('chmod 600');
      expect(said).not.toContain('value-of-the-secret-file');
    }
    // A group may read what root gave it; nobody else may give.
    if (!root) return;
    chmodSync(secret, 0o640);
    chownSync(secret, 65_534, 0);
    await refusedWith({ upstream: { url: spy.url, headers } }, 'E_SECRET_MISSING');
    expect(spy.bytes()).toBe('');
  },
  120_000,
);

test.runIf(POSIX && !OPENSSL_MISSING)(
  'LOG-08 File modes: a private key of TLS that others can read is refused',
  async () => {
    const { right } = await makeCertificates();
    const pair = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
    writeFileSync(pair.cert, right.cert);
    writeFileSync(pair.key, right.key);
    for (const mode of [0o644, 0o660]) {
      chmodSync(pair.key, mode);
      expect(await refusedWith({ upstream: { url: spy.url }, tls: pair }, 'E_TLS')).toContain('chmod 600');
    }
  },
);

test.runIf(POSIX)(
  'LOG-08 File modes: rules that everybody can write are refused, and secrets in a readable file are told of',
  async () => {
    const file = join(folder, 'open.yaml');
    const headers = { Authorization: 'Bearer literal-in-the-file' };
    writeFileSync(file, JSON.stringify({ upstream: { url: spy.url, headers }, store: join(folder, 'open-store') }));
    chmodSync(file, 0o666);
    const refused = await runLatchkey(['run', '--json', '--listen', '127.0.0.1:0', '--config', file]);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('everybody on this machine can write to it');
    chmodSync(file, 0o644);
    const run = ['run', '--json', '--listen', '127.0.0.1:0', '--config', file];
    const open = await runLoosely(run, (output) => output.includes('"ready"'));
    await open.stop();
    expect(open.output()).toMatch(/upstream\.headers\.Authorization.*others can read this file/);
    expect(open.output()).not.toContain('literal-in-the-file');
    chmodSync(file, 0o600);
    const closed = await runLoosely(run, (output) => output.includes('"ready"'));
    await closed.stop();
    expect(closed.output()).not.toContain('others can read');
  },
  120_000,
);

const SCRIPT_MISSING = !POSIX || !existsSync('/usr/bin/script');

/** Runs a command as on a terminal and returns all that it showed; `stop` ends what does not end by itself. */
async function onTerminal(words: readonly string[], stop: ((output: string) => boolean) | null): Promise<string> {
  const line = [process.execPath, PROGRAM, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  const closed = once(child, 'close');
  if (stop !== null) {
    await vi.waitUntil(() => stop(output) || child.exitCode !== null, { timeout: 40_000, interval: 50 });
    const own = descendantsOf(child.pid as number).filter(({ pid }) => argumentsOf(pid)[1] === PROGRAM);
    for (const { pid } of own) process.kill(pid, 'SIGTERM');
  }
  await closed;
  return output;
}

test.skipIf(SCRIPT_MISSING)(
  'LOG-15 Start-up output: a terminal is shown the first token once, and never again',
  async () => {
    const store = join(folder, 'terminal');
    const run = ['run', '--listen', '127.0.0.1:0', '--upstream', spy.url, '--store', store];
    const first = await onTerminal(run, (output) => TOKEN.test(output));
    const shown = first.match(TOKEN) ?? [];
    expect(shown).toHaveLength(1);
    expect(
      filesBelow(store).filter((path) => statSync(path).isFile() && readFileSync(path).includes(shown[0] as string)),
    ).toEqual([]);
    const second = await onTerminal(run, (output) => output.includes('Ctrl-C'));
    expect(second).toContain('default, until');
    expect(second.match(TOKEN)).toBeNull();
    for (const command of [
      ['token', 'create', 'x'],
      ['token', 'rotate', 'x'],
      ['key', 'create', 'y', '--owner', 'z'],
    ]) {
      const output = await onTerminal([...command, '--store', store], null);
      expect({ command, count: output.match(/lkk?_[0-9A-Za-z]{49}/g)?.length }).toEqual({ command, count: 1 });
    }
  },
  120_000,
);

const isUp = (output: string): boolean => output.includes('Ctrl-C');

test('LOG-15 Start-up output: the log of a service never gets it; it is in a file of its owner', async () => {
  const store = join(folder, 'service');
  const run = ['run', '--listen', '127.0.0.1:0', '--upstream', spy.url];
  const service = await runLoosely([...run, '--store', store], isUp);
  await service.stop();
  expect(service.output()).toContain('default.token');
  expect(service.output().match(TOKEN)).toBeNull();
  const kept = join(store, 'default.token');
  expect([modeOf(kept), readFileSync(kept, 'utf8').trim().match(TOKEN)?.length]).toEqual(['600', 1]);
  // Where the operator says, with any mode of what was there before.
  const asked = join(folder, 'asked.token');
  writeFileSync(asked, 'old', { mode: 0o666 });
  chmodSync(asked, 0o666);
  const other = await runLoosely([...run, '--store', join(folder, 'asked'), '--token-file', asked], isUp);
  await other.stop();
  expect([modeOf(asked), readFileSync(asked, 'utf8').trim().match(TOKEN)?.length]).toEqual(['600', 1]);
  expect(other.output().match(TOKEN)).toBeNull();
  expect(existsSync(join(folder, 'asked', 'default.token'))).toBe(false);
}, 120_000);
