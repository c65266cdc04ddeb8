import { makeLock, type HandMadeLock, type LockSettings } from './hand-made-lock.ts';

const LOOPBACK: Pick<ReadonlySet<string>, 'has'> = {
  has: (host) => /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(host),
};

/** A lock for servers on any port of this machine. */
export function makeLoopbackLock({ parts = {}, ...settings }: LockSettings): HandMadeLock {
  return makeLock({ ...settings, parts: { ...parts, hosts: LOOPBACK as ReadonlySet<string> } });
}
