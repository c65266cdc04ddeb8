import { LatchkeyError } from '../core/error.ts';
import type { Awaitable } from '../core/store.ts';
import { reportFailure } from './report-failure.ts';

/** Results go to standard output. */
export function print(text: string): void {
  process.stdout.write(text);
}

export function printJson(document: unknown): void {
  print(toJson(document));
}

/** One document, as programs and people read it. */
export function toJson(document: unknown): string {
  return `${JSON.stringify(document, null, process.stdout.isTTY ? 2 : 0)}\n`;
}

/** Talk goes to standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Ends the program where standard output takes nothing. A reader that has seen enough (`latchkey trail | head`) is no failure. */
export function endUnheard(error: NodeJS.ErrnoException): void {
  const failure = unwritten('The output', error, 'Make room there, or send it elsewhere.');
  process.exit(error.code === 'EPIPE' ? 0 : reportFailure(failure, (text) => process.stderr.write(text)));
}

/**
 * Prints what is shown this once. Where nobody can have got it, also because nobody reads any more, it is mended as far as
 * that can be, and E_DELIVERY is thrown with the hint that `mend` gives.
 */
export async function deliver(text: string, what: string, mend: () => Awaitable<string>): Promise<void> {
  const { stdout } = process;
  stdout.off('error', endUnheard);
  try {
    await new Promise<void>((resolve, reject) => {
      stdout.once('error', reject);
      stdout.write(text, (error) => {
        if (error) return reject(error);
        stdout.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw unwritten(what, error as NodeJS.ErrnoException, await mend());
  } finally {
    stdout.on('error', endUnheard);
  }
}

function unwritten(what: string, cause: NodeJS.ErrnoException, hint: string): LatchkeyError {
  const how = cause.code ?? 'unknown';
  return new LatchkeyError('E_DELIVERY', `${what} could not be written to standard output (${how}).`, { hint, cause });
}
