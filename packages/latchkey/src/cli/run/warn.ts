import type { Config } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { isOpenToOthers } from '../../config/private-file.ts';
import { REDACTED } from '../../config/redact.ts';
import type { Log } from '../../core/log.ts';

/** What works, and is still worth a second look. */
export function warn(
  { config, values, warnings }: LoadedConfig & { readonly config: Config },
  file: string | undefined,
  json: boolean,
  log: Log,
): void {
  // Without --json the announcement says so.
  if (!config.auth.enabled && json) log('warn', 'authentication is off: whoever reaches this port may use everything');
  for (const warning of warnings) log('warn', warning);
  const literals = values.filter(({ value, origin }) => origin === 'file' && value === REDACTED);
  if (file !== undefined && literals.length > 0 && isOpenToOthers(file)) {
    log('warn', 'others can read this file, and what may be secret stands in it: use {env: NAME} or {file: PATH}', {
      file,
      keys: literals.map(({ path }) => path),
    });
  }
}
