import { readFile } from 'node:fs/promises';
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
        return await readFile(file, 'utf8');
      } catch (error) {
        throw new OutgoingError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
      }
    },
  };
}
