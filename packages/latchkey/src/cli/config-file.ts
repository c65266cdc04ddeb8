import { existsSync } from 'node:fs';

/** The name the configuration file has where nothing else is said. */
export const DEFAULT_FILE = 'latchkey.yaml';

/** The file a command reads: the one named, else latchkey.yaml where there is one, else none. */
export function findConfigFile(named: string | undefined): string | undefined {
  return named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
}
