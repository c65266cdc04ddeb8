import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isRunning } from './fixtures/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BENCH = `
  import { createProcesses } from ${JSON.stringify(new URL('../bench/processes.ts', import.meta.url).href)};
  const options = { name: 'a', core: 0, command: 'sleep', args: ['60'], directory: ${JSON.stringify(folder)} };
  console.log(process.pid, createProcesses().start(options).pid);
  setInterval(() => {}, 1000);`;
const hasPrograms = ['taskset', 'setpriv'].every((name) => spawnSync(name, ['--version']).error === undefined);

describe.runIf(process.platform === 'linux' && hasPrograms)('what a benchmark started', () => {
  // The outer shell stands for npm, which starts one.
  it.each(['the benchmark', 'the npm before it'])('ends when %s is killed', async (which) => {
    const wait = '"$@"; exit 0';
    const args = ['-c', wait, 'sh', '/bin/sh', '-c', wait, 'sh', process.execPath, '--input-type=module', '-e', BENCH];
    const npm = spawn('/bin/sh', args, { env: { ...process.env, npm_lifecycle_event: 'bench' } });
    const [line] = (await once(npm.stdout, 'data')) as [Buffer];
    const [bench, server] = line.toString().trim().split(' ').map(Number) as [number, number];
    try {
      expect([bench, server].map(isRunning)).toEqual([true, true]);
      process.kill(which === 'the benchmark' ? bench : npm.pid!, 'SIGKILL');
      await expect.poll(() => [bench, server].map(isRunning), { timeout: 10_000 }).toEqual([false, false]);
    } finally {
      for (const pid of [bench, server]) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    }
  });
});
