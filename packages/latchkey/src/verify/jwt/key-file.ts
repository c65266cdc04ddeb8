import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { OutgoingError } from '../../core/outgoing.ts';
import type { KeyText } from './key-set.ts';

const FRESH_MS = 1000;

/** A key set in a file, read anew after a second. */
export function createKeyFile(file: string): KeyText {
  return {
    name: file,
    freshMs: FRESH_MS,
    async read() {
      try {
        refuseNoFile(file, await stat(file));
        return await readFile(file, 'utf8');
      } catch (error) {
        if (error instanceof OutgoingError) throw error;
        throw new OutgoingError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
      }
    },
  };
}

/** It is read again and again, which a pipe or a device cannot be; waiting for one holds up whatever else reads files. */
export function refuseNoFile(file: string, found: Stats): void {
  if (!found.isFile()) throw new OutgoingError(`${file} is no plain file`);
}
