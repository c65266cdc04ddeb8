import { LatchkeyError } from '../core/error.ts';

/** Lines that a reading of the trail holds where the query does not say how many. */
export const DEFAULT_LIMIT = 1000;

export function noLines(): LatchkeyError {
  return new LatchkeyError('E_INTERNAL', 'These are no lines of the trail.', { hint: 'please report this' });
}
