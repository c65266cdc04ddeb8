import { isLoopback } from './network.ts';

/** What a resource is called by those who ask it. */
export interface ResourceNames {
  /** Host header values, in lower case. */
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** The names of a resource itself; on loopback also the other spellings of this machine, with the same port. */
export function namesOf({ protocol, hostname, port }: URL): ResourceNames {
  const names = isLoopbackName(hostname) ? [hostname, 'localhost', '127.0.0.1', '[::1]'] : [hostname];
  const ownPort = protocol === 'https:' ? '443' : '80';
  return {
    hosts: new Set(names.flatMap((name) => (port === '' ? [name, `${name}:${ownPort}`] : [`${name}:${port}`]))),
    origins: new Set(names.map((name) => `${protocol}//${name}${port === '' ? '' : `:${port}`}`)),
  };
}

/** Whether only programs of this machine can reach a host by that name, as a URL has it. */
export function isLoopbackName(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    isLoopback(hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)
  );
}
