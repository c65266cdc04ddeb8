import { CommanderError } from 'commander';
import { LatchkeyError, type ErrorCode } from '../core/error.ts';
import { toPlainText } from '../core/plain-text.ts';

// What the caller got wrong on the command line or in the file; everything else went wrong while running.
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'E_ADDRESS_REFUSED',
  'E_AUTH_OFF',
  'E_CLIENT_UNKNOWN',
  'E_CONFIG_INVALID',
  'E_CONFIG_MISSING',
  'E_CREDENTIAL_WEAK',
  'E_FORWARD_AUTH',
  'E_NAME_INVALID',
  'E_PUBLIC_URL',
  'E_SECRET_MISSING',
  'E_UPSTREAM_MISSING',
  'E_USAGE',
]);

/** Prints what went wrong and what to do, and returns the exit code: 2 for usage and configuration, else 1. */
export function reportFailure(error: unknown, write: (text: string) => void): number {
  // Commander has already printed its own message, or help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isFolderGone(error)) return reportFailure(folderGone(error), write);
  if (error instanceof LatchkeyError) {
    write(`latchkey: ${error.code} ${plain(error.message)}\n  hint: ${plain(error.hint)}\n`);
    return USAGE_CODES.has(error.code) ? 2 : 1;
  }
  write(
    `latchkey: E_INTERNAL ${plain(error instanceof Error ? error.message : String(error))}\n  hint: this is a defect of Latchkey; please report it with what you ran\n`,
  );
  if (process.env['LATCHKEY_LOG'] === 'debug' && error instanceof Error) write(`${error.stack ?? ''}\n`);
  return 1;
}

/** Any path that is relative asks for the working directory, so any command may be told that it was removed. */
function isFolderGone(error: unknown): boolean {
  return (error as Partial<NodeJS.ErrnoException> | null)?.syscall === 'uv_cwd';
}

function folderGone(cause: unknown): LatchkeyError {
  return new LatchkeyError('E_USAGE', 'The working directory was removed, or cannot be read any more.', {
    hint: 'cd to a folder that is there, and run this again',
    cause,
  });
}

/** Text of others cannot move the cursor, colour the terminal, or begin a line that looks like one of ours. */
function plain(text: string): string {
  return text.split('\n').map(toPlainText).join('\n    ');
}
