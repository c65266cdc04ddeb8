import type { Log } from '../core/log.ts';
import { pino } from 'pino';
import { LatchkeyError } from '../core/error.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** The program's own log: JSON lines on stderr, from the level of `LATCHKEY_LOG` (default `warn`) on. Throws E_USAGE. */
export function createLog(env: Readonly<Record<string, string | undefined>>): Log {
  const level = env['LATCHKEY_LOG'] || 'warn';
  if (!(LEVELS as readonly string[]).includes(level)) {
    throw new LatchkeyError('E_USAGE', `LATCHKEY_LOG is "${level}", which is no level.`, {
      hint: `use one of ${LEVELS.join(', ')}`,
    });
  }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
  return (at, text, fields = {}) => logger[at](fields, text);
}
