import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import { deliverToFile } from './deliver-file.ts';

describe.skipIf(process.platform === 'win32')('deliverToFile', () => {
  it('does not wait for a pipe: nothing would be rotated any more, and the program could not stop', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-deliver-'));
    const pipe = join(folder, 'tokens.json');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    const delivery = deliverToFile(pipe, { name: 'default', token: new Secret('t'), expiresAt: null });
    try {
      await expect(Promise.race([delivery, sleep(2000)])).rejects.toThrow('is no plain file');
    } finally {
      // Whoever reads it ends when a writer has come and gone.
      closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
      await delivery.catch(() => {});
      rmSync(folder, { recursive: true });
    }
  });
});
