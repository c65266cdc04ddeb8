import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';
import { attempt } from './failure.ts';

/** Throws E_STORE_MISSING where there is no store in that folder; makes nothing. */
export function requireStore(folder: string): void {
  const found = attempt(folder, () => lstatSync(join(folder, 'credentials.db'), { throwIfNoEntry: false }));
  if (found !== undefined) return;
  throw new LatchkeyError('E_STORE_MISSING', `There is no store in ${folder} yet.`, {
    hint: '`latchkey run` or `latchkey token create` makes one there. Or did you mean another --store?',
  });
}
