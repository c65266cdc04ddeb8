import path from 'node:path';
import { toShellWord } from '../core/shell-word.ts';
import { readBounded, tellNoFile } from './bounded-file.ts';
import { isWritableByAll } from './private-file.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import { decodeYaml, MAX_FILE } from './yaml-document.ts';

export interface YamlFile {
  /** As people call it. */
  readonly file: string;
  /** What its path is relative to. */
  readonly directory: string;
  /** What everybody could do who can write to it. */
  readonly power: string;
  /** What to do where it is not there. */
  readonly missingHint: string;
}

export const CHECK_PATH = 'check the path and its permissions';

/** The text of a file that holds rules or programs, from a plain file or a pipe; or what keeps it from being taken. */
export function readYamlFile({ file, directory, power, missingHint }: YamlFile): string | Problem {
  const absolute = path.resolve(directory, file);
  const missing = (message: string, hint = CHECK_PATH): Problem => ({
    code: 'E_CONFIG_MISSING',
    where: file,
    message,
    hint,
  });
  try {
    const other = tellNoFile(absolute);
    const open = other === null ? findOpen(file, absolute, power) : null;
    if (open !== null) return open;
    const read = other ?? readBounded(absolute, MAX_FILE);
    if (typeof read !== 'string') return decodeYaml(read, file);
    return missing(read, read === 'is a folder' ? 'name a file in it' : 'name a file');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return code === 'ENOENT' ? missing('there is no such file', missingHint) : missing(`cannot be read (${code})`);
  }
}

/** What is wrong with a file that everybody can write to; null where not everybody can. */
export function findOpen(file: string, absolute: string, power: string): Problem | null {
  if (!isWritableByAll(absolute)) return null;
  return invalid(file, `everybody on this machine can write to it, and so ${power}`, `chmod o-w ${toShellWord(file)}`);
}
