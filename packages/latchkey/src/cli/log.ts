import type { Log } from '../core/log.ts';
import { pino } from 'pino';
import { LatchkeyError } from '../core/error.ts';
import { INVISIBLE } from '../core/plain-text.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** The program's own log: JSON lines on stderr, from the level of `LATCHKEY_LOG` (default `warn`) on. Nothing in a line steers a terminal. Throws E_USAGE. */
export function createLog(env: Readonly<Record<string, string | undefined>>): Log {
  const level = env['LATCHKEY_LOG'] || 'warn';
  if (!(LEVELS as readonly string[]).includes(level)) {
    throw new LatchkeyError('E_USAGE', `LATCHKEY_LOG is "${level}", which is no level.`, {
      hint: `use one of ${LEVELS.join(', ')}`,
    });
  }
  const out = pino.destination({ fd: 2, sync: true });
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line) => void out.write(escapeInvisible(line)) },
  );
  return (at, text, fields = {}) => logger[at](fields, text);
}

/** A line of JSON leaves much of that as it is; some of it servers wrote. JSON has no `\u{…}`, so each half of a pair is escaped. */
function escapeInvisible(line: string): string {
  return `${line.slice(0, -1).replaceAll(INVISIBLE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )}\n`;
}
