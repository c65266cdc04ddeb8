import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';
import { toStoreError } from './failure.ts';

/** What is kept free: far more than the records that come between two looks. On a small disk a fiftieth of it. */
const RESERVE_BYTES = 8 * 2 ** 20;
const RESERVE_PART = 50;

/**
 * Rejects when lines could soon not be written in that folder: E_STORE_FULL while hardly any space is free,
 * E_STORE_UNREADABLE where it is read-only, or is no folder. One that is missing is made by who writes, if it can be.
 */
export async function checkRoom(folder: string): Promise<void> {
  try {
    const place = await findWritable(folder);
    const { bsize, blocks, bfree, bavail } = await statfs(place);
    const free = bsize * (process.getuid?.() === 0 ? bfree : bavail);
    const reserve = Math.min(RESERVE_BYTES, (bsize * blocks) / RESERVE_PART);
    if (free < reserve) throw nearlyFull(folder, free);
  } catch (error) {
    throw toStoreError(folder, error);
  }
}

async function findWritable(folder: string): Promise<string> {
  try {
    // A file has no `.` in it.
    await access(`${folder}/.`, constants.W_OK);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await access(dirname(folder), constants.W_OK);
    return dirname(folder);
  }
}

function nearlyFull(folder: string, free: number): LatchkeyError {
  return new LatchkeyError('E_STORE_FULL', `Only ${free} bytes are left for the trail in ${folder}.`, {
    hint: 'Free some space on that disk; nothing was lost, and calls go on by themselves.',
  });
}
