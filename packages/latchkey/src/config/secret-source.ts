import { LatchkeyError } from '../core/error.ts';
import { Secret } from '../core/secret.ts';
import { toShellWord } from '../core/shell-word.ts';
import { readBounded, tellNoFile } from './bounded-file.ts';
import { isOpenToOthers } from './private-file.ts';

/** A value as written, or where it is to be read from. */
export type TextOrSource = string | SecretSource;
export interface SecretSource {
  readonly env?: string | undefined;
  /** Absolute. */
  readonly file?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_SECRET = 64 * 1024;

/**
 * Reads each value from where it stands; `at` is the key of all of them, for errors. Throws E_SECRET_MISSING when a variable or file is
 * missing or empty, or when others than its owner may read the file.
 */
export function resolveSecrets(
  values: Readonly<Record<string, TextOrSource | Secret>>,
  env: Environment,
  at: string,
): ReadonlyMap<string, Secret> {
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? new Secret(value) : readSecret(`${at}.${name}`, value, env),
    ]),
  );
}

/** Reads one secret, unless it is read already; `name` in errors is what asks for it; a line break at the end of a file is not part of it. */
export function readSecret(name: string, source: SecretSource | Secret, env: Environment): Secret {
  if (source instanceof Secret) return source;
  const text = source.env === undefined ? readSecretFile(name, source.file ?? '') : env[source.env];
  if (text === undefined)
    throw missing(`${name}: the environment variable ${source.env} is not set`, 'set it before starting');
  if (text === '')
    throw missing(`${name}: ${source.env ?? source.file} is empty`, 'put the secret there before starting');
  return new Secret(text);
}

function readSecretFile(name: string, file: string): string {
  try {
    const other = tellNoFile(file);
    if (other === null && isOpenToOthers(file)) {
      throw missing(`${name}: others than its owner may read or write ${file}`, `chmod 600 ${toShellWord(file)}`);
    }
    const read = other ?? readBounded(file, MAX_SECRET);
    if (typeof read === 'string') throw missing(`${name}: ${file} ${read}`, 'name the file that holds the secret');
    if (read.length > MAX_SECRET) throw missing(`${name}: ${file} is larger than 64 KiB`, 'check the path');
    return read.toString('utf8').replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw missing(`${name}: ${file} cannot be read (${code})`, 'check the path and its permissions', error);
  }
}

function missing(message: string, hint: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('E_SECRET_MISSING', message, { hint, cause });
}
