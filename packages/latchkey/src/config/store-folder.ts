import { isAbsolute, join } from 'node:path';
import { findHome } from './home-folder.ts';

/**
 * The store's folder where none is given: `$LATCHKEY_STORE`, else `latchkey` in `$XDG_STATE_HOME`, else
 * `~/.local/state/latchkey`. A relative `$XDG_STATE_HOME` is passed over (XDG Base Directory Specification §2).
 */
export function defaultStoreFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['LATCHKEY_STORE']) return env['LATCHKEY_STORE'];
  const state = env['XDG_STATE_HOME'];
  if (state && isAbsolute(state)) return join(state, 'latchkey');
  return join(
    findHome({ env, instead: 'say where the store is: --store, or LATCHKEY_STORE' }),
    '.local',
    'state',
    'latchkey',
  );
}
