import type { Policy } from '../core/policy.ts';
import { createForwardMcpGuard, createForwardRouteGuard, type ForwardGuard, type HeaderRule } from './forward-guard.ts';
import type { Lock } from './lock.ts';
import { createMcpGuard } from './mcp-guard.ts';
import type { Guard } from './passage.ts';
import { createRouteGuard } from './route-guard.ts';

/** A lock for servers of one resource. Adapters put its guards in front of routes. `Scope` is the union of scopes that are known. */
export interface Latchkey<Scope extends string = string> {
  /** A guard for one route; without scopes any valid credential will do. */
  protect(rule?: { readonly scopes?: readonly Scope[] }): Guard;
  /** A guard for the MCP endpoint of the resource. */
  protectMcp(): Guard;
  /** A guard for one route behind a proxy that asks before it passes a request on. */
  protectForwarded(rule?: { readonly scopes?: readonly Scope[] }): ForwardGuard;
  /** A guard for the MCP endpoint of the resource behind such a proxy. Throws a TypeError for rules it cannot hold. */
  protectMcpForwarded(rule?: Partial<HeaderRule>): ForwardGuard;
  /** What anybody may read of the resource (RFC 9728): where, and the JSON text. */
  readonly metadata: { readonly path: string; readonly body: () => string };
  /** Puts other rules in force for every guard, from the next request on. */
  setPolicy(policy: Policy): void;
}

/** The lock as its users have it. */
export function createLatchkeyOf<Scope extends string>(lock: Lock, metadata: Latchkey['metadata']): Latchkey<Scope> {
  return {
    protect: ({ scopes = [] } = {}) => createRouteGuard(lock, { scopes }),
    protectMcp: () => createMcpGuard(lock),
    protectForwarded: ({ scopes = [] } = {}) => createForwardRouteGuard(lock, { scopes }),
    protectMcpForwarded: ({ bodyChecked = false } = {}) => createForwardMcpGuard(lock, { bodyChecked }),
    metadata,
    setPolicy(policy) {
      lock.policy = policy;
    },
  };
}
