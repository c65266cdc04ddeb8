import { isAbsolute, join, normalize } from 'node:path';
import { LatchkeyError } from '../../core/error.ts';
import type { Client, FilePath, Scope } from './client.ts';

/** The system, as far as paths depend on it. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The settings file of a client for a scope, or the first that it has. Throws E_USAGE where it has none such. */
export function locateSettings({ title, settings }: Client, scope: Scope | undefined, place: Place): string {
  const files = settings?.files ?? [];
  const found = scope === undefined ? files[0] : files.find((each) => each.scope === scope);
  if (found !== undefined) return expandPath(found.path, place);
  throw new LatchkeyError(
    'E_USAGE',
    files.length === 0
      ? `${title} has no settings file of a known place.`
      : `${title} has no settings file for --scope ${scope}.`,
    { hint: `name it with --file${files.length === 0 ? '' : `, or take --scope ${files[0]!.scope}`}` },
  );
}

function expandPath(path: FilePath, { platform, env, home }: Place): string {
  const own =
    typeof path === 'string' ? path : path[platform === 'darwin' || platform === 'win32' ? platform : 'linux'];
  const full = own.replace(/^\$\{(\w+):-([^}]*)\}/, (_, name: string, otherwise: string) => {
    const given = env[name] ?? '';
    // XDG Base Directory Specification §2: what is relative is to be ignored.
    const usable = name.startsWith('XDG_') ? isAbsolute(given) : given !== '';
    return usable ? given : otherwise;
  });
  return normalize(full.startsWith('~') ? join(home, full.slice(1)) : full);
}
