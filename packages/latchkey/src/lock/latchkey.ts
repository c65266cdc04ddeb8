import type { Lock } from './lock.ts';
import { createFaults } from './faults.ts';
import { createMcpGuard } from './mcp-guard.ts';
import type { PolicyOptions } from './options.ts';
import type { Guard } from './passage.ts';
import { readMembers, readScopes } from './read-option.ts';
import { readPolicy } from './read-policy.ts';
import { createRouteGuard } from './route-guard.ts';

/** A lock for servers of one resource. Adapters put its guards in front of routes. `Scope` is the union of scopes that are known. */
export interface Latchkey<Scope extends string = string> {
  /** A guard for one route; without scopes any valid credential will do. Throws a TypeError for what is no such rule. */
  protect(rule?: { readonly scopes?: readonly Scope[] }): Guard;
  /** A guard for the MCP endpoint of the resource. */
  protectMcp(): Guard;
  /** What anybody may read of the resource (RFC 9728): where, and the JSON text. */
  readonly metadata: { readonly path: string; readonly body: () => string };
  /** Puts other rules in force for every guard, from the next request on. Throws a TypeError and changes nothing where they are wrong. */
  setPolicy(policy: PolicyOptions): void;
}

/** The lock as its users have it. */
export function createLatchkeyOf<Scope extends string>(lock: Lock, metadata: Latchkey['metadata']): Latchkey<Scope> {
  const latchkey: Latchkey<Scope> = {
    protect: (rule) => createRouteGuard(lock, { scopes: readRouteRule(rule) }),
    protectMcp: () => createMcpGuard(lock),
    metadata,
    setPolicy(given) {
      const faults = createFaults();
      const policy = readPolicy({ faults, path: 'policy', value: given });
      faults.throwAll('setPolicy');
      lock.policy = policy;
    },
  };
  LOCKS.set(latchkey, lock);
  return latchkey;
}

const LOCKS = new WeakMap<Latchkey<never>, Lock>();

/** The lock itself, for doors with guards of their own. Throws a TypeError for what is none of `createLatchkey`. */
export function lockOf(latchkey: Latchkey<never>): Lock {
  const lock = LOCKS.get(latchkey);
  if (lock === undefined) throw new TypeError('a lock of createLatchkey is wanted');
  return lock;
}

/** The scopes that a route's rule names. A misspelt key would leave the route open to every credential: it is a TypeError. */
export function readRouteRule(rule: unknown): readonly string[] {
  const faults = createFaults();
  const { scopes } = readMembers({ faults, path: '', value: rule }, ['scopes']);
  const read = readScopes({ faults, path: 'scopes', value: scopes });
  faults.throwAll('protect');
  return read;
}
