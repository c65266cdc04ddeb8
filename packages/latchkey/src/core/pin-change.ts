import type { Pin } from './store.ts';
import type { UnsignedChange } from './trail.ts';

/** The acceptance of a tool's changed definition for the trail: the digest that holds from now on, and the one before. */
export function toPinChange({ server, tool, digest, found }: Pin, at: number): UnsignedChange {
  return { at, method: 'tool accept', target: tool, server, change: { digest: found, previous: digest } };
}
