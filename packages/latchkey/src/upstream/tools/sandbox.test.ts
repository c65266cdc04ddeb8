import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellTool } from '../../../../../test/fixtures/declared-tool.ts';
import { argumentsOf, isRunning } from '../../../../../test/fixtures/processes.ts';
import type { DeclaredTool, ToolRunner } from '../../core/declared-tool.ts';
import { createToolRunner } from './runner.ts';
import { assertSandbox } from './sandbox.ts';

function canSandbox(): boolean {
  try {
    assertSandbox();
    return true;
  } catch {
    return false;
  }
}

// Not in /tmp, which scripts in a sandbox do not see.
const folder = mkdtempSync(join(homedir(), '.latchkey-test-'));
const store = join(folder, 'store');
mkdirSync(store);
writeFileSync(join(store, 'credentials'), 'all-of-them');
writeFileSync(join(folder, 'config'), 'the-configuration');
writeFileSync(join(folder, 'readable'), 'content');
afterAll(() => rmSync(folder, { recursive: true }));

let runner: ToolRunner;
beforeEach(() => {
  runner = createToolRunner({ hiddenPaths: [store, join(folder, 'config'), join(folder, 'not-there')] });
});
afterEach(() => runner.close());

const never = new AbortController().signal;
function sandboxed(
  script: string,
  { network = false, ...more }: Partial<DeclaredTool> & { network?: boolean } = {},
): DeclaredTool {
  const tool = shellTool(script, more);
  return { ...tool, action: { ...tool.action, workingDirectory: folder } as never, sandbox: { network } };
}
const run = async (script: string, more: Parameters<typeof sandboxed>[1] = {}) =>
  runner.call(sandboxed(script, more), {}, never);

function isMarked(pid: number, mark: string): boolean {
  try {
    return argumentsOf(pid).at(-1) === mark;
  } catch {
    return false;
  }
}

describe('assertSandbox', () => {
  it('refuses where bubblewrap is missing, and nothing runs open', async () => {
    const empty = { PATH: folder };
    expect(() => assertSandbox(empty)).toThrow(expect.objectContaining({ code: 'E_UPSTREAM_START' }));
    const without = createToolRunner({ environment: empty });
    const marker = join(folder, 'marker');
    const { isError } = await without.call(sandboxed(`touch ${marker}`), {}, never);
    expect([isError, existsSync(marker)]).toEqual([true, false]);
    await without.close();
  });

  it('refuses where bubblewrap can make none', () => {
    const fake = join(folder, 'bin');
    mkdirSync(fake);
    writeFileSync(
      join(fake, 'bwrap'),
      '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n',
      { mode: 0o755 },
    );
    expect(() => assertSandbox({ PATH: fake })).toThrow(/No permissions to create new namespace/);
  });
});

describe.skipIf(!canSandbox())('a script in a sandbox', { timeout: 20_000 }, () => {
  it('reads and writes nothing but what is its own', async () => {
    const script = `cat readable; echo; pwd
for place in . / /etc /usr/bin "$HOME" /var/tmp /dev; do touch "$place/latchkey-mark" 2>/dev/null && echo "wrote to $place"; done
echo a > /tmp/a && cat /tmp/a; echo b > /dev/shm/b && echo shm; ls -A /run`;
    const { text, isError } = await run(script);
    expect({ text, isError }).toEqual({ text: `content\n${folder}\nwrote to /dev\na\nshm`, isError: false });
    for (const path of [folder, '/', '/etc', '/var/tmp', '/dev', '/tmp', homedir()])
      expect(existsSync(join(path, 'latchkey-mark'))).toBe(false);
  });

  it('does not see what is hidden', async () => {
    const { text } = await run(`ls -A ${store}; cat ${store}/credentials config; echo "[$(cat config)]"`);
    expect(text).not.toMatch(/all-of-them|the-configuration/);
    expect(text).toContain('[]');
  });

  it('sees no other process, and signals none', async () => {
    const sleeper = spawn('sleep', ['60']);
    const { text } = await run(
      `ls -d /proc/[0-9]* | wc -l; kill -9 ${sleeper.pid} 2>/dev/null && echo killed; cat /proc/1/environ | tr '\\0' '\\n'`,
      { environment: { ONLY: 'this' } },
    );
    expect(Number(text.split('\n')[0])).toBeLessThan(10);
    expect(text).not.toContain('killed');
    expect(text).toContain('ONLY=this');
    expect(text).not.toContain('VITEST');
    expect(isRunning(sleeper.pid ?? 0)).toBe(true);
    sleeper.kill('SIGKILL');
  });

  it('has a network only when it is asked for', async () => {
    const server = createServer((socket) => void socket.end('reached'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connect = `${process.execPath} -e "require('net').connect(${(server.address() as AddressInfo).port},'127.0.0.1').on('data',d=>console.log(String(d))).on('error',e=>console.log(e.code))"`;
    const connectWith = async (network: boolean): Promise<string> => {
      const tool = sandboxed(connect, { network });
      // Where Node.js is in /tmp, it is seen as the working directory alone.
      const action = { ...tool.action, workingDirectory: dirname(process.execPath) } as never;
      return (await runner.call({ ...tool, action }, {}, never)).text;
    };
    expect(await connectWith(false)).toMatch(/^E\w+$/);
    expect(await connectWith(true)).toBe('reached');
    server.close();
  });

  it('has no rights left to widen it', async () => {
    const { text } = await run(
      'grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs)" /proc/self/status; mount -o remount,rw / 2>/dev/null && echo remounted; touch /latchkey-mark 2>/dev/null && echo wrote',
    );
    expect(text).toMatch(/CapPrm:\s+0+\nCapEff:\s+0+\nCapBnd:\s+0+\nNoNewPrivs:\s+1$/);
  });

  it('fails and fills a result as any other', async () => {
    expect(await run('echo out; exit 7')).toEqual({
      text: 'The script failed with exit code 7.\n\nout',
      isError: true,
    });
    const private_ = mkdtempSync('/tmp/latchkey-sandbox-');
    writeFileSync(join(private_, 'a'), 'in tmp');
    const tool = sandboxed('cat a; ls -A /tmp | wc -l');
    const { text } = await runner.call(
      { ...tool, action: { ...tool.action, workingDirectory: private_ } as never },
      {},
      never,
    );
    expect(text).toBe('in tmp1');
    rmSync(private_, { recursive: true });
  });

  it('is gone after a time-out and an abort, with what left its process group', async () => {
    const mark = `latchkey-${process.pid}-${Date.now()}`;
    const script = `trap '' TERM; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' ${mark} & sh -c 'while :; do sleep 1; done' ${mark}`;
    const running = (): readonly number[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => isRunning(pid) && isMarked(pid, mark));
    expect((await run(script, { timeoutMs: 1000 })).text).toContain('longer than 1 s');
    await expect.poll(running, { timeout: 3000 }).toEqual([]);
    const abort = new AbortController();
    const result = runner.call(sandboxed(script), {}, abort.signal);
    await expect.poll(running, { timeout: 10_000 }).not.toEqual([]);
    abort.abort();
    await result;
    await expect.poll(running, { timeout: 5000 }).toEqual([]);
  });
});
