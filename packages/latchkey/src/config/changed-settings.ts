import { isDeepStrictEqual } from 'node:util';
import { toServerKey } from './check-settings.ts';
import type { Config, ServerConfig } from './config.ts';

/** Keys of the file whose values differ and that take a restart: all but rules and what a tools file declares. */
export function findChangedSettings(before: Config, next: Config): readonly string[] {
  const { servers: serversBefore, auth: authBefore, ...restBefore } = before;
  const { servers, auth, ...rest } = next;
  return [
    ...differing(restBefore, rest, ''),
    ...differing(authBefore, auth, 'auth.'),
    ...servers.flatMap((server) => {
      const was = serversBefore.find(({ name }) => name === server.name);
      const prefix = toServerKey(server.name, '');
      return was === undefined ? [] : differing(lastingOf(was), lastingOf(server), prefix);
    }),
  ];
}

function lastingOf({ upstream, protocol, pin }: ServerConfig): object {
  return { upstream: upstream?.kind === 'tools' ? upstream.file : upstream, protocol, pin };
}

function differing<Part extends object>(before: Part, next: Part, prefix: string): readonly string[] {
  const names = Object.keys(next) as (keyof Part & string)[];
  return names.filter((name) => !isDeepStrictEqual(before[name], next[name])).map((name) => `${prefix}${name}`);
}
