import { createPolicy } from '../../packages/latchkey/src/core/create-policy.ts';
import type { Policy } from '../../packages/latchkey/src/core/policy.ts';
import { createAnonymous, type Principal } from '../../packages/latchkey/src/core/principal.ts';
import type { TrailEntry } from '../../packages/latchkey/src/core/trail.ts';
import type { Verdict, Verifier } from '../../packages/latchkey/src/core/verifier.ts';
import { createLatchkeyOf, type Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import { createLock, type Lock, type LockParts } from '../../packages/latchkey/src/lock/lock.ts';
import { FOLD_URI } from '../../packages/latchkey/src/core/resource-uri.ts';
import { toRule } from '../fixtures/rule.ts';

export const RESOURCE = 'https://api.example/mcp';
export const METADATA_PATH = '/.well-known/oauth-protected-resource/mcp';

// In front of a token: it takes a while to look it up.
const SLOW = /^slow-/;

/** A lock whose tokens are its test's: `token` → the scopes of its principal, which has the token's name. */
export interface HandMadeLock {
  readonly lock: Lock;
  readonly latchkey: Latchkey;
  readonly trail: readonly TrailEntry[];
  readonly errors: readonly unknown[];
  /** Ends a credential now. */
  revoke(token: string): void;
  /** Answers that are under way. */
  readonly open: () => number;
}

export interface LockSettings {
  readonly tokens: Readonly<Record<string, readonly string[]>>;
  readonly tools?: Readonly<Record<string, readonly string[]>>;
  readonly parts?: Partial<LockParts>;
  readonly strangers?: readonly string[];
}

export function toPolicy(tools: Readonly<Record<string, readonly string[]>>): Policy {
  const rules = Object.entries(tools).map(([pattern, scopes]) => toRule(pattern, { scopes }));
  return createPolicy(
    { tools: rules, resources: [], prompts: [], methods: [], implies: new Map(), list: 'callable' },
    FOLD_URI,
  );
}

export function makeLock({ tokens, tools = {}, parts = {}, strangers }: LockSettings): HandMadeLock {
  const trail: TrailEntry[] = [];
  const errors: unknown[] = [];
  const revoked = new Set<string>();
  const judge = (token: string): Verdict => {
    const scopes = tokens[token];
    if (scopes === undefined) return { kind: 'skip' };
    if (revoked.has(token)) return { kind: 'reject', reason: 'credential-revoked' };
    return { kind: 'accept', principal: toPrincipal(token, scopes) };
  };
  const verifier: Verifier = {
    name: 'hand-made',
    verify({ secret }) {
      const token = secret.reveal();
      const verdict = judge(token.replace(SLOW, ''));
      return SLOW.test(token) ? new Promise((resolve) => setTimeout(resolve, 20, verdict)) : verdict;
    },
  };
  const rate = { count: 6000, periodMs: 60_000 };
  const lock = createLock(
    {
      verifier,
      anonymous: strangers === undefined ? null : createAnonymous(strangers),
      encryptedOnly: false,
      unknownTokenStatus: 401,
      proofAlgorithms: null,
      limits: {
        requestsPerAddress: rate,
        failedPerAddress: { count: 20, periodMs: 60_000 },
        callsPerCredential: rate,
        bodyBytes: 1024 * 1024,
        listBytes: 4 * 1024 * 1024,
        sessions: 100,
        streams: 100,
      },
      server: 'api',
      resource: new URL(RESOURCE),
      resourceMetadata: new URL(METADATA_PATH, RESOURCE).href,
      hosts: new Set(['api.example', 'localhost', '127.0.0.1']),
      origins: new Set(['https://app.example']),
      protocol: 'both',
      trail: { healthy: true, record: (entry) => void trail.push(entry), flush: async () => {}, close: async () => {} },
      version: () => Number.NaN,
      endOf: (principal) => (revoked.has(principal.id) ? 0 : principal.expiresAt),
      now: Date.now,
      onError: (error) => void errors.push(error),
      ...parts,
    },
    toPolicy(tools),
  );
  const latchkey = createLatchkeyOf(lock, { path: METADATA_PATH, body: () => JSON.stringify({ resource: RESOURCE }) });
  return {
    lock,
    latchkey,
    trail,
    errors,
    revoke: (token) => void revoked.add(token),
    open: () => lock.open.size,
  };
}

function toPrincipal(name: string, scopes: readonly string[]): Principal {
  return { ...createAnonymous(scopes), id: name, kind: 'token', name, credentialId: name };
}
