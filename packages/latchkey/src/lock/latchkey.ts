import type { Lock } from './lock.ts';
import { expectMost } from './expect-use.ts';
import { createFaults } from './faults.ts';
import { createMcpGuard } from './mcp-guard.ts';
import type { PolicyOptions } from './options.ts';
import type { Guard } from './passage.ts';
import { readChoice, readFunction, readMembers, readScopes, type Given } from './read-option.ts';
import { readPolicy } from './read-policy.ts';
import { RULE_WAYS } from './rule-ways.ts';
import { readRule } from './read-rule.ts';
import { createRouteGuard } from './route-guard.ts';
import {
  createTokenVerifier,
  type LoadErrorClass,
  type TokenVerifier,
  type TokenVerifierOptions,
  type TokenVerifierSettings,
} from './token-verifier.ts';
import { verifyText, type Verification } from './verify-text.ts';

/** A lock for servers of one resource. Adapters put its guards in front of routes. `Scope` is the union of scopes that are known. */
export interface Latchkey<Scope extends string = string> {
  /** A guard for one route; without scopes any valid credential will do. Throws a TypeError for what is no such rule. */
  protect(rule?: { readonly scopes?: readonly Scope[] }): Guard;
  /** A guard for the MCP endpoint of the resource. */
  protectMcp(): Guard;
  /** What anybody may read of the resource (RFC 9728). */
  readonly metadata: {
    /** Where it is read, from the root of the host. */
    readonly path: string;
    /** The JSON text, by the rules in force. */
    readonly body: () => string;
  };
  /** Puts other rules in force for every guard, from the next request on. Throws a TypeError and changes nothing where they are wrong. */
  setPolicy(policy: PolicyOptions): void;
  /** Has a token or key verified that came some other way than in a request. Never rejects. */
  verify(text: string): Promise<Verification>;
  /** What the official MCP SDK's own `requireBearerAuth` asks about tokens: `requireBearerAuth({ verifier: lock.toTokenVerifier() })`. */
  toTokenVerifier(options?: TokenVerifierOptions): TokenVerifier;
  /**
   * Lets nobody in any more, writes down what was not yet, and stops the lock's timers, also when the trail cannot be
   * written: then it rejects. A store that was given stays open, and has what is still under way when that ends.
   */
  close(): Promise<void>;
}

/** What the joined parts of a lock give it besides. */
export interface LatchkeyAround {
  readonly close?: () => Promise<void>;
  readonly loadErrorClass?: LoadErrorClass;
}

/** The lock as its users have it. */
export function createLatchkeyOf<Scope extends string>(
  lock: Lock,
  metadata: Latchkey['metadata'],
  { close, loadErrorClass = async () => undefined }: LatchkeyAround = {},
): Latchkey<Scope> {
  const latchkey: Latchkey<Scope> = {
    protect: (...rule) => createRouteGuard(lock, { scopes: readRule(...rule) }),
    protectMcp(...none) {
      expectMost(none, 0, 'protectMcp');
      return createMcpGuard(lock);
    },
    metadata,
    setPolicy(given) {
      const faults = createFaults();
      const policy = readPolicy({ faults, path: 'policy', value: given ?? null }, RULE_WAYS);
      faults.throwAll('setPolicy');
      lock.policy = policy;
    },
    verify: (text) => verifyText(lock, text, 'store-unavailable'),
    toTokenVerifier: (options) => createTokenVerifier(lock, readTokenVerifier(options), loadErrorClass),
    async close() {
      lock.closed = true;
      try {
        await lock.parts.trail?.flush();
      } finally {
        // What cannot be written down must not keep the rest open.
        await close?.();
      }
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

function readTokenVerifier(options: unknown): TokenVerifierSettings {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, ['scopes', 'withToken', 'InvalidTokenError']);
  const at = (path: string): Given => ({ faults, path, value: members[path] });
  const read = {
    scopes: readScopes(at('scopes')),
    withToken: readChoice(at('withToken'), [false, true]),
    ...readClass(at('InvalidTokenError')),
  };
  faults.throwAll('toTokenVerifier');
  return read;
}

function readClass(given: Given): Pick<TokenVerifierOptions, 'InvalidTokenError'> {
  return given.value === undefined ? {} : { InvalidTokenError: readFunction(given, Error) };
}
