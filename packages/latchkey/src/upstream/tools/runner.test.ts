import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandTool, parameter, shellTool } from '../../../../../test/fixtures/declared-tool.ts';
import { isRunning } from '../../../../../test/fixtures/processes.ts';
import type { DeclaredTool, ToolResult, ToolRunner } from '../../core/declared-tool.ts';
import { createToolRunner } from './runner.ts';

const FIXTURES = new URL('../../../../../test/fixtures/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'latchkey-runner-'));
const pids = join(folder, 'pids');
afterAll(() => rmSync(folder, { recursive: true }));

let runner: ToolRunner;
beforeEach(() => {
  rmSync(pids, { force: true });
  runner = createToolRunner();
});
afterEach(() => runner.close());

const never = new AbortController().signal;
const call = (tool: DeclaredTool, args: unknown = {}, signal = never): Promise<ToolResult> =>
  runner.call(tool, args, signal);

/** Writes its own number and those of two children, all of which refuse to go, and waits. */
const STUBBORN = `
trap '' TERM HUP INT
(trap '' TERM; while :; do sleep 60; done) &
(trap '' TERM; exec sleep 600) &
echo $$ $! > "$PIDS.new"; mv "$PIDS.new" "$PIDS"
echo started
while :; do sleep 60; done`;

async function readPids(): Promise<readonly number[]> {
  await expect.poll(() => existsSync(pids), { timeout: 10_000 }).toBe(true);
  return readFileSync(pids, 'utf8').trim().split(/\s+/).map(Number);
}

const stubborn = (more: Partial<DeclaredTool> = {}): DeclaredTool =>
  shellTool(STUBBORN, { environment: { PIDS: pids }, timeoutMs: 60_000, ...more });

describe.skipIf(process.platform === 'win32')('createToolRunner', { timeout: 30_000 }, () => {
  describe('before anything runs', () => {
    const marker = join(folder, 'ran');
    const tool = shellTool('touch "$MARKER"', {
      environment: { MARKER: marker },
      parameters: [parameter('path', { required: true }), parameter('count', { type: 'integer' })],
    });

    it.each([
      ['nothing', {}],
      ['a wrong type', { path: 1 }],
      ['a number as text', { path: 'a', count: '1' }],
      ['a fraction', { path: 'a', count: 1.5 }],
      ['an unknown argument', { path: 'a', other: 1 }],
      ['null', null],
      ['an array', ['a']],
      ['a NUL character', { path: 'a\0b' }],
      ['half a character', { path: '\ud83d' }],
      ['too long a text', { path: 'a'.repeat(128 * 1024) }],
      ['letters that are too long in bytes', { path: '漢'.repeat(50_000) }],
    ])('refuses %s', async (_what, args) => {
      const { isError, text } = await call(tool, args);
      expect(isError).toBe(true);
      expect(text).toMatch(/^(?:Nothing was run|The arguments)/);
      expect(text.length).toBeLessThan(500);
      expect(existsSync(marker)).toBe(false);
    });

    it('takes texts to the last byte that a program can be given', async () => {
      const most = 128 * 1024 - 'GANTZ_ARG_PATH='.length - 1;
      const count = shellTool('printf %s "$GANTZ_ARG_PATH" | wc -c', { parameters: [parameter('path')] });
      expect((await call(count, { path: 'a'.repeat(most) })).text.trim()).toBe(String(most));
      expect((await call(count, { path: 'a'.repeat(most + 1) })).text).toContain(`must be at most ${most} bytes`);
    });

    it('bounds what they are together, templates included', async () => {
      const names = Array.from({ length: 10 }, (_, i) => `p${i}`);
      const many = shellTool('echo ran', { parameters: names.map((name) => parameter(name)) });
      const args = Object.fromEntries(names.map((name) => [name, 'a'.repeat(100_000)]));
      expect(await call(many, args)).toMatchObject({ isError: true, text: expect.stringMatching(/together.*bytes/s) });
      const twice = commandTool('/bin/echo', ['{{a}}{{a}}'], { parameters: [parameter('a')] });
      expect(await call(twice, { a: 'a'.repeat(70_000) })).toMatchObject({ isError: true });
      expect(await call(twice, { a: 'a'.repeat(60_000) })).toMatchObject({ isError: false });
    });

    it('applies defaults', async () => {
      const greet = shellTool('printf "%s %s" "$GANTZ_ARG_WORD" "$GANTZ_ARG_COUNT"', {
        parameters: [parameter('word', { default: 'hello' }), parameter('count', { type: 'integer', default: 3 })],
      });
      expect(await call(greet)).toEqual({ text: 'hello 3', isError: false });
      expect(await call(greet, { word: '', count: 0 })).toEqual({ text: '0', isError: false });
    });

    it('refuses parameters that would share a variable', async () => {
      const shared = shellTool('echo ran', { parameters: [parameter('a'), parameter('A')] });
      expect(await call(shared, { a: '1', A: '2' })).toMatchObject({ isError: true });
    });
  });

  describe('a script', () => {
    it('finds in its environment what it is to find, and nothing else', async () => {
      process.env['LATCHKEY_TEST_SECRET'] = 'of-the-gateway';
      const { text } = await call(
        commandTool('/usr/bin/env', [], {
          environment: { API_URL: 'https://example.com' },
          parameters: [parameter('a'), parameter('left_out')],
        }),
        { a: '${LATCHKEY_TEST_SECRET}' },
      );
      delete process.env['LATCHKEY_TEST_SECRET'];
      const expected = ['API_URL=https://example.com', 'GANTZ_ARG_A=${LATCHKEY_TEST_SECRET}'];
      for (const name of ['PATH', 'HOME', 'LANG'])
        if (process.env[name] !== undefined) expected.push(`${name}=${process.env[name]}`);
      expect(text.split('\n').sort()).toEqual(expected.sort());
    });

    it('has nothing to read', async () => {
      expect(await call(shellTool('read -r line; echo "$?"; cat'))).toEqual({ text: '1', isError: false });
    });

    it('says what it said on both outputs, trimmed', async () => {
      const { text } = await call(shellTool('echo; echo error >&2; printf "  out\\n\\n"'));
      expect(text).toBe('out\nerror');
    });

    it('says nothing that steers a terminal', async () => {
      const script = String.raw`printf 'a\033[31mb\033[0m\033]0;title\007c\033]8;;http://x\033\\d\r\n\te\b\000\177f\303\050\302\2331mg\033'`;
      expect(await call(shellTool(script))).toEqual({ text: 'abcd\n\tef\ufffd(g', isError: false });
    });

    it('fails with its exit code and its output', async () => {
      const { text, isError } = await call(shellTool('echo out; echo err >&2; exit 3'));
      expect({ text, isError }).toEqual({ text: 'The script failed with exit code 3.\n\nout\nerr', isError: true });
      expect(await call(shellTool('kill -SEGV $$'))).toMatchObject({
        isError: true,
        text: expect.stringContaining('SIGSEGV'),
      });
    });

    it('that cannot be started says why', async () => {
      const plain = join(folder, 'plain');
      writeFileSync(plain, 'not a program', { mode: 0o644 });
      const nowhere = commandTool('/bin/echo', ['a']);
      expect((await call(commandTool('/no/such/program', []))).text).toContain('there is no program /no/such/program');
      expect((await call(commandTool(plain, []))).text).toContain('may not be run');
      expect(
        await call({ ...nowhere, action: { ...nowhere.action, workingDirectory: '/no/such/folder' } as never }),
      ).toEqual({
        text: 'The script could not be started: its working directory /no/such/folder is not there.',
        isError: true,
      });
      expect((await call(shellTool('true', { shell: '/no/shell' }))).isError).toBe(true);
    });

    it('is cut where a result is full, and still counts as done', async () => {
      const { text, isError } = await call(
        shellTool("printf 'é%.0s' $(seq 1 2000); echo end >&2", { maxOutputBytes: 1001 }),
      );
      expect(isError).toBe(false);
      const [output = '', errors, note] = text.split('\n');
      expect(Buffer.byteLength(output)).toBeLessThanOrEqual(1001 - 'end'.length);
      expect(output).toMatch(/^é{400,}$/);
      expect(errors).toBe('end');
      expect(note).toContain('1001 bytes');
    });

    it('is ended when it floods', async () => {
      const before = process.memoryUsage().rss;
      const { text, isError } = await call(shellTool('yes', { maxOutputBytes: 1000, timeoutMs: 60_000 }));
      expect(isError).toBe(true);
      expect(text).toMatch(/it wrote more than \d+ bytes/);
      expect(text.length).toBeLessThan(1500);
      expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    });

    it('gives its result though something it started keeps its output open, which ends with it', async () => {
      const started = performance.now();
      const script = 'sleep 600 & echo $! > "$PIDS"; echo done';
      expect(await call(shellTool(script, { environment: { PIDS: pids } }))).toEqual({ text: 'done', isError: false });
      expect(performance.now() - started).toBeLessThan(5000);
      const [sleeper = 0] = await readPids();
      await expect.poll(() => isRunning(sleeper), { timeout: 3000 }).toBe(false);
    });
  });

  describe('a time-out', () => {
    it('never waits for what it ends', async () => {
      const started = performance.now();
      const { text, isError } = await call(stubborn({ timeoutMs: 1000 }));
      expect(performance.now() - started).toBeLessThan(2500);
      expect(isError).toBe(true);
      expect(text).toBe('The script was ended: it took longer than 1 s.\n\nstarted');
      const running = await readPids();
      await expect.poll(() => running.filter(isRunning), { timeout: 2000 }).toEqual([]);
    });

    it('lets what listens to SIGTERM end by itself', async () => {
      const script = 'trap \'echo bye > "$PIDS"; exit\' TERM; echo up; while :; do sleep 0.05; done';
      await call(shellTool(script, { environment: { PIDS: pids }, timeoutMs: 1000 }));
      await expect.poll(() => existsSync(pids) && readFileSync(pids, 'utf8'), { timeout: 10_000 }).toBe('bye\n');
    });
  });

  describe('an abort', () => {
    it('ends the whole process group within a second', async () => {
      const abort = new AbortController();
      const result = call(stubborn(), {}, abort.signal);
      const running = await readPids();
      expect(running.filter(isRunning)).toEqual(running);
      const aborted = performance.now();
      abort.abort();
      expect(await result).toMatchObject({ isError: true, text: expect.stringContaining('cancelled') });
      await expect.poll(() => running.filter(isRunning), { timeout: 3000, interval: 10 }).toEqual([]);
      expect(performance.now() - aborted).toBeLessThan(1000);
    });

    it('before the start starts nothing', async () => {
      expect(await call(stubborn(), {}, AbortSignal.abort())).toMatchObject({ isError: true });
      expect(existsSync(pids)).toBe(false);
    });

    it('of all comes with closing', async () => {
      const result = call(stubborn());
      const running = await readPids();
      await runner.close();
      expect(running.filter(isRunning)).toEqual([]);
      expect(await result).toMatchObject({ isError: true });
      expect(await call(shellTool('echo late'))).toMatchObject({ isError: true });
    });
  });

  it('leaves nothing behind when its process is killed', async () => {
    const holder = spawn(process.execPath, [fileURLToPath(new URL('tool-holder.ts', FIXTURES))], {
      env: { ...process.env, PIDS: pids },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const running = await readPids();
    expect(running.filter(isRunning)).toEqual(running);
    holder.kill('SIGKILL');
    await expect.poll(() => running.filter(isRunning), { timeout: 5000 }).toEqual([]);
  });

  describe('many calls', () => {
    it('run side by side to a bound, the others in their order', async () => {
      const few = createToolRunner({ maxConcurrent: 2, maxWaiting: 2 });
      const order = join(folder, 'order');
      const tool = shellTool('echo "$GANTZ_ARG_N" >> "$ORDER"; while [ ! -e "$GO" ]; do sleep 0.02; done', {
        environment: { ORDER: order, GO: join(folder, 'go') },
        parameters: [parameter('n')],
      });
      const leave = new AbortController();
      const started = [0, 1, 2, 3].map((n) => few.call(tool, { n: String(n) }, n === 2 ? leave.signal : never));
      expect(await few.call(tool, { n: '4' }, never)).toMatchObject({
        text: expect.stringContaining('too many calls'),
      });
      await expect.poll(() => existsSync(order) && readFileSync(order, 'utf8').length, { timeout: 10_000 }).toBe(4);
      leave.abort();
      expect(await started[2]).toMatchObject({ isError: true });
      const last = few.call(tool, { n: '5' }, never);
      writeFileSync(join(folder, 'go'), '');
      await Promise.all([...started, last]);
      const ran = readFileSync(order, 'utf8').trim().split('\n');
      expect(ran.slice(0, 2).sort()).toEqual(['0', '1']);
      expect(ran.slice(2).sort()).toEqual(['3', '5']);
      await few.close();
    });
  });

  it('shows nothing that is hidden', async () => {
    const secret = 'p@ss "word"/é+42';
    const tool = shellTool(
      'printf "%s|" "$TOKEN"; printf %s "user:$TOKEN" | base64 -w 20; printf "%s" "$TOKEN" >&2; printf "\\n%s" "$GANTZ_ARG_X"; exit 4',
      { environment: { TOKEN: secret }, hidden: [secret], parameters: [parameter('x')] },
    );
    const { text } = await call(tool, { x: `${encodeURIComponent(secret)} ${JSON.stringify(secret)}` });
    expect(text).toMatch(/^The script failed with exit code 4\.\n\n\[redacted\]\|/);
    for (const part of ['p@ss', 'word', 'p%40ss', Buffer.from(secret).toString('base64').slice(4, 12)])
      expect(text.replaceAll('\n', '')).not.toContain(part);
    const refused = await call(tool, { [secret]: 1 });
    expect(refused.text).not.toContain('p@ss');
  });
});
