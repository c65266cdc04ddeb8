import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import { deliverToCommand } from './deliver-command.ts';

const HANDOVER = { name: 'default', token: new Secret('t'), expiresAt: null };

describe('deliverToCommand', () => {
  it('is content with a program that does not read', async () => {
    await expect(deliverToCommand([process.execPath, '-e', '0'], HANDOVER)).resolves.toBeUndefined();
  });

  it('fails when the program is absent, fails or is killed', async () => {
    await expect(deliverToCommand(['/nowhere/at/all'], HANDOVER)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(deliverToCommand([process.execPath, '-e', 'process.exit(7)'], HANDOVER)).rejects.toThrow(
      'exit code 7',
    );
    const suicide = 'process.kill(process.pid, "SIGKILL")';
    await expect(deliverToCommand([process.execPath, '-e', suicide], HANDOVER)).rejects.toThrow('SIGKILL');
  });

  it('kills a program that takes too long, and its children', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-deliver-'));
    const mark = join(folder, 'pid');
    const child = `require('node:fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`;
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
    await expect(deliverToCommand([process.execPath, '-e', parent], HANDOVER, { timeoutMs: 1000 })).rejects.toThrow(
      'did not end',
    );
    expect(existsSync(mark)).toBe(true);
    const pid = Number(readFileSync(mark, 'utf8'));
    await sleep(100);
    expect(isRunning(pid)).toBe(false);
    await rm(folder, { recursive: true });
  });
});

function isRunning(pid: number): boolean {
  try {
    // A killed orphan that nobody has waited for yet still has its entry.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
