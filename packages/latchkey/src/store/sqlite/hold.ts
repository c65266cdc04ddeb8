import { statSync } from 'node:fs';
import { LatchkeyError } from '../../core/error.ts';

/** An open file, held against its path. */
export interface Hold {
  /** Throws E_STORE_REPLACED while another file, or none, is at the path. */
  confirm(): void;
  readonly kept: boolean;
}

/**
 * Of a file that was just opened. Who moves or replaces an open file leaves us with one that no other process reads or
 * writes any more: it would answer for ever as if nothing were revoked.
 */
export function holdFile(path: string): Hold {
  const opened = statSync(path, { bigint: true });
  const confirm = (): void => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found?.ino !== opened.ino || found.dev !== opened.dev) throw replaced(path);
  };
  return {
    confirm,
    get kept() {
      try {
        confirm();
        return true;
      } catch {
        return false;
      }
    },
  };
}

function replaced(path: string): LatchkeyError {
  return new LatchkeyError('E_STORE_REPLACED', `The store ${path} was moved, replaced or removed while it was open.`, {
    hint: 'Restart what has it open: it uses what is there then. Until then, or until the file is back, nobody is let in.',
  });
}
