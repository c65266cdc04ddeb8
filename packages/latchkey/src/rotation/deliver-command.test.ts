import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../../../test/fixtures/processes.ts';
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
    await expect(deliverToCommand([process.execPath, '-e', parent], HANDOVER, { timeoutMs: 3000 })).rejects.toThrow(
      'did not end',
    );
    expect(existsSync(mark)).toBe(true);
    const pid = Number(readFileSync(mark, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
    await rm(folder, { recursive: true });
  });
});
