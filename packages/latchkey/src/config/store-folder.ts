import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The store's folder where none is given: `$LATCHKEY_STORE`, else `latchkey` in `$XDG_STATE_HOME`, else
 * `~/.local/state/latchkey`. A relative `$XDG_STATE_HOME` is passed over (XDG Base Directory Specification §2).
 */
export function defaultStoreFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['LATCHKEY_STORE']) return env['LATCHKEY_STORE'];
  const state = env['XDG_STATE_HOME'];
  return join(state && isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'latchkey');
}
