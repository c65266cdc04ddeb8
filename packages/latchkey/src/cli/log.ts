import type { Log } from '../core/log.ts';
import { pino } from 'pino';
import { LatchkeyError } from '../core/error.ts';

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

/** JSON leaves much as it is that steers a terminal or that readers take for the end of a line; some of it servers wrote. */
function escapeInvisible(line: string): string {
  return line.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
