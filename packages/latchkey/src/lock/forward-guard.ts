import { toMcpLine } from '../core/mcp-line.ts';
import type { Policy } from '../core/policy.ts';
import { EVERY_SCOPE, type Principal } from '../core/principal.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Awaitable } from '../core/store.ts';
import { andThen, type Asking } from './asking.ts';
import { authorizeMessage } from './authorize-message.ts';
import { expectMost } from './expect-use.ts';
import { createFaults } from './faults.ts';
import type { Forwarded } from './forwarded.ts';
import { readHeaderMessage } from './header-message.ts';
import type { Incoming } from './incoming.ts';
import { limitCalls } from './limit-calls.ts';
import { createGuard, type GuardKind, type Lock } from './lock.ts';
import { checkPlace } from './mcp-guard.ts';
import type { Admission } from './passage.ts';
import { readChoice, readMembers } from './read-option.ts';
import { judgeRoute, identifyCaller, WHOLE, type RouteRule } from './route-guard.ts';
import { checkAmbiguous } from './request-headers.ts';

/** Judges what a proxy asks about before it passes it on. Never throws and never rejects. */
export interface ForwardGuard {
  admit(forwarded: Forwarded): Awaitable<Admission>;
}

/** Whether rules may hold that look at headers alone. */
export interface HeaderRule {
  /**
   * Whether the server behind the proxy refuses a body that its Mcp-* headers do not describe, as MCP 2026-07-28 asks of
   * servers (Streamable HTTP, Server Validation). Only then do rules hold that look at headers alone.
   */
  readonly bodyChecked: boolean;
}

/** Throws a TypeError for what is no such rule. Default: the server checks nothing. */
export function readHeaderRule(...given: readonly unknown[]): HeaderRule {
  expectMost(given, 1, 'protectMcp');
  const faults = createFaults();
  const { bodyChecked } = readMembers({ faults, path: '', value: given[0] }, ['bodyChecked']);
  const read = readChoice({ faults, path: 'bodyChecked', value: bodyChecked }, [false, true]);
  faults.throwAll('protectMcp');
  return { bodyChecked: read };
}

/** A guard for one route of any HTTP API behind a proxy. */
export function createForwardRouteGuard(lock: Lock, rule: RouteRule): ForwardGuard {
  return createForwardGuard(lock, { mcp: null, ...judgeRoute(lock, rule) });
}

/**
 * A guard for the MCP endpoint of the resource behind a proxy, which sees headers only. Throws a TypeError for rules that
 * cannot be held that way.
 */
export function createForwardMcpGuard(lock: Lock, rule: HeaderRule): ForwardGuard {
  const obstacles = findObstacles(lock.policy, rule);
  if (obstacles.length > 0) throw new TypeError(`protectMcp: ${obstacles.join('; ')}`);
  let seen: Policy | null = null;
  let blind = false;
  const isBlind = (policy: Policy): boolean => {
    if (policy !== seen) [seen, blind] = [policy, findObstacles(policy, rule).length > 0];
    return blind;
  };
  return createForwardGuard(lock, {
    mcp: toMcpLine,
    check: (asking, incoming) => checkPath(lock, asking, incoming),
    judge: (asking, incoming) =>
      andThen(identifyCaller(lock, asking, incoming), () =>
        isBlind(lock.policy) ? refuse('policy-condition') : authorizeByHeaders(lock, asking, rule),
      ),
  });
}

function createForwardGuard(lock: Lock, { mcp, check, judge }: Omit<GuardKind, 'show'>): ForwardGuard {
  return createGuard(lock, {
    mcp,
    check(asking, incoming) {
      const { fault } = incoming as Forwarded;
      if (fault === null) return check(asking, incoming);
      // How it came is part of the description.
      asking.exposed = false;
      return fault;
    },
    judge,
    show: () => WHOLE,
  });
}

/** What of a policy cannot be held by whoever sees no body and no answer, in words. */
export function findObstacles(policy: Policy, { bodyChecked }: HeaderRule): readonly string[] {
  const rules = Object.values(policy.rules).flat();
  return [
    ...named(
      'conditions need the arguments, which only the body has',
      rules.filter(({ when }) => when !== null).map(({ pattern }) => pattern),
    ),
    ...named(
      'nothing can be hidden from lists that are not seen',
      rules.filter(({ hidden }) => hidden).map(({ pattern }) => pattern),
    ),
    ...(bodyChecked || policy.empty
      ? []
      : [
          'rules hold by Mcp-* headers only before a server that holds those against the body; say bodyChecked: true where ' +
            'yours does',
        ]),
  ];
}

function named(which: string, patterns: readonly string[]): readonly string[] {
  return patterns.length === 0 ? [] : [`${which}: ${patterns.join(', ')}`];
}

function checkPath(lock: Lock, asking: Asking, incoming: Incoming): Refusal | null {
  const ambiguous = checkAmbiguous(asking.headers, incoming.rawHeaders);
  if (ambiguous !== null) return ambiguous;
  const place = checkPlace(lock, asking, incoming);
  if (place !== null) return place;
  const [path] = incoming.target.split('?', 1);
  return path === lock.parts.resource.pathname ? null : refuse('path-unknown');
}

function authorizeByHeaders(lock: Lock, asking: Asking, { bodyChecked }: HeaderRule): Refusal | null {
  const { state, policy } = lock;
  const limited = limitCalls(state, asking);
  if (limited !== null) return limited;
  // Whatever it is that is asked, this caller may do it.
  if (policy.empty && (asking.principal as Principal).scopes.has(EVERY_SCOPE)) return null;
  if (!bodyChecked) return authorizeNothing(asking);
  const message = readHeaderMessage(asking.headers);
  if ('reason' in message) return message;
  asking.message = message;
  asking.era = 'modern';
  return authorizeMessage(state, asking, policy);
}

/** Without rules only who holds every scope may call tools, and nothing tells what is called. */
function authorizeNothing({ principal }: Asking): Refusal {
  return principal?.kind === 'anonymous' ? refuse('credential-missing', { scopes: [] }) : refuse('policy-no-rule');
}
