import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { LatchkeyError } from '../core/error.ts';

export interface HomeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What people can do who have none. */
  readonly instead: string;
  /** Whom to ask where that does not say. Default: the process's own environment, then the system's list of users. */
  readonly system?: () => string;
}

const NAME = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';

/**
 * The user's home folder. An empty or relative `$HOME` is passed over, as XDG does with its variables: it would be another
 * folder in each working directory. Throws E_USAGE where the system knows none either.
 */
export function findHome({ env, instead, system = findOwn }: HomeOptions): string {
  const named = env[NAME];
  if (named !== undefined && isAbsolute(named)) return named;
  const own = askSystem(system);
  if (isAbsolute(own)) return own;
  throw new LatchkeyError(
    'E_USAGE',
    `There is no home folder: ${NAME} is ${named === undefined ? 'not set' : 'no absolute path'}, and the system knows none for this user.`,
    { hint: `set ${NAME}, or ${instead}` },
  );
}

function findOwn(): string {
  const own = homedir();
  return isAbsolute(own) ? own : userInfo().homedir;
}

/** A container may run as a user that is in no list. */
function askSystem(system: () => string): string {
  try {
    return system();
  } catch {
    return '';
  }
}
