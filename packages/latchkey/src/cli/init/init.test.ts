import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MOUNT_MISSING, mountSmallDisk } from '../../../../../test/fixtures/small-disk.ts';
import { init } from './init.ts';

describe('init', () => {
  it.skipIf(MOUNT_MISSING)(
    'leaves no half of a file on a disk that is full: its first half may have no rules',
    async () => {
      const disk = mountSmallDisk('64k');
      try {
        disk.fill();
        await expect(init({ command: 'node server.js', file: join(disk.path, 'latchkey.yaml') })).rejects.toThrow(
          'ENOSPC',
        );
        expect(readdirSync(disk.path)).toEqual(['filler']);
      } finally {
        disk.close();
      }
    },
  );
});
