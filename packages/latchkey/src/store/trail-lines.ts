import { LatchkeyError } from '../core/error.ts';

/** Lines that a reading of the trail holds where the query does not say how many. */
export const DEFAULT_LIMIT = 1000;

/** What is wrong with lines that begin like that. Dates outside of four digits have a sign (ECMAScript's expanded years). */
export function noLines(head = ''): LatchkeyError {
  if (/^\{"time":"[+-]/.test(head))
    return new LatchkeyError(
      'E_CLOCK',
      'The clock shows a year that is none from 0 to 9999; the trail has no days for it.',
      {
        hint: 'Set the clock of this machine right, then start again what runs.',
      },
    );
  return new LatchkeyError('E_INTERNAL', 'These are no lines of the trail.', { hint: 'please report this' });
}
