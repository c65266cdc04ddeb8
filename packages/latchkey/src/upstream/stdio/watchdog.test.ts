import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createWatchdog } from './watchdog.ts';

const holder = fileURLToPath(new URL('../../../../../test/fixtures/stdio-holder.ts', import.meta.url));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // Killed orphans whom nobody reaps (in a container without an init) still answer; their state tells.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('Watchdog', { timeout: 20_000 }, () => {
  it('ends children and grandchildren of a gateway that was killed, however stubborn', async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'log');
    const gateway = spawn(process.execPath, [holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, RAW_LOG: log },
    });
    await once(gateway.stdout, 'data');
    const pids = [...readFileSync(log, 'utf8').matchAll(/^(?:pid|grandchild) (\d+)/gm)].map((match) =>
      Number(match[1]),
    );
    expect(pids.length).toBeGreaterThanOrEqual(4);
    expect(pids.filter((pid) => alive(pid))).toEqual(pids);
    gateway.kill('SIGKILL');
    await expect.poll(() => pids.filter((pid) => alive(pid)), { timeout: 2000 }).toEqual([]);
  });

  it('is started again when it is killed, and still knows its groups', async () => {
    const watchdog = createWatchdog();
    const sleeper = spawn('/bin/sh', ['-c', 'sleep 60'], { detached: true, stdio: 'ignore' });
    const forgotten = spawn('/bin/sh', ['-c', 'sleep 60'], { detached: true, stdio: 'ignore' });
    watchdog.watch(sleeper.pid ?? 0);
    watchdog.watch(forgotten.pid ?? 0);
    watchdog.forget(forgotten.pid ?? 0);
    process.kill(watchdog.pid, 'SIGKILL');
    const before = watchdog.pid;
    await expect.poll(() => watchdog.pid, { timeout: 3000 }).not.toBe(before);
    await expect.poll(() => watchdog.pid).toBeGreaterThan(0);
    watchdog.close();
    await once(sleeper, 'exit');
    expect(sleeper.signalCode).toBe('SIGTERM');
    expect(alive(forgotten.pid ?? 0)).toBe(true);
    forgotten.kill('SIGKILL');
  });
});
