import { createAnonymous, type Principal } from '../core/principal.ts';
import { firstMatch } from '../core/first-match.ts';
import type { Awaitable } from '../core/store.ts';
import type { Verifier } from '../core/verifier.ts';
import { visibleScopes } from '../core/visible-scopes.ts';
import { isOrigin } from '../core/web-url.ts';
import { createFaults, type Faults } from './faults.ts';
import { createLatchkeyOf, type Latchkey, type LatchkeyAround } from './latchkey.ts';
import { createLock, type Lock, type LockParts } from './lock.ts';
import type { LatchkeyOptions, LockVerifier, PolicyOptions, ScopesOf, VerifierAround } from './options.ts';
import { protectedResourceMetadata, type ProtectedResource } from './protected-resource.ts';
import { readClock } from './read-clock.ts';
import { readLimits } from './read-limits.ts';
import {
  member,
  readName,
  readChoice,
  readFunction,
  readMembers,
  readScopes,
  readTexts,
  type Given,
  type Members,
} from './read-option.ts';
import { readPolicy } from './read-policy.ts';
import { readResource, type Resource } from './read-resource.ts';
import { readTrail } from './read-trail.ts';
import { readVerifiers } from './read-verifiers.ts';
import { namesOf } from './resource-names.ts';
import { RULE_WAYS, type RuleWays } from './rule-ways.ts';
import { complain, createTellError } from './tell-error.ts';
import { withoutPossession } from './without-possession.ts';

/**
 * Makes a lock. Throws a TypeError that names everything that is wrong with its options. `policy` written in place gives
 * the type of the scopes that routes can ask for.
 */
export function createLatchkey<const Rules extends PolicyOptions = PolicyOptions>(
  options: LatchkeyOptions<Rules>,
): Latchkey<ScopesOf<Rules>> {
  return assembleLatchkey(options, { faults: createFaults(), known: [] });
}

/** What a door adds to the options that every lock has. */
export interface Assembly extends LatchkeyAround {
  /** What the door found wrong with its own options. */
  readonly faults: Faults;
  /** What the rules of MCP endpoints are judged by; a lock for routes alone has none. */
  readonly rules?: RuleWays;
  /** Names of the door's own options. */
  readonly known: readonly string[];
  /** Verifiers that are asked before those of the options. */
  readonly first?: readonly LockVerifier[];
  /** `Store.version` of the store that stored credentials are in. */
  readonly version?: () => Awaitable<number>;
  /** What verifiers that are made for this lock may use. */
  readonly secret?: VerifierAround['secret'];
  /** Asks the holders of tokens that are bound to a key for a proof. Default: such tokens are refused. */
  readonly prove?: (inner: Verifier) => Verifier;
  /** What is asked of such proofs. Default and null: none are taken. */
  readonly proofs?: ProtectedResource['proofs'];
}

/** The lock that options and a door together make. Throws a TypeError that names everything that is wrong. */
export function assembleLatchkey<Scope extends string>(options: LatchkeyOptions, door: Assembly): Latchkey<Scope> {
  const { lock, metadata } = assembleLock(options, { ...door, rules: RULE_WAYS });
  return createLatchkeyOf<Scope>(lock, metadata, door);
}

/** What a lock is made of, before there are ways to use it. */
interface Assembled {
  readonly lock: Lock;
  readonly metadata: Latchkey['metadata'];
}

/** The same without what only some locks have, so that a bundler can leave it out. */
export function assembleLock(options: LatchkeyOptions, door: Assembly): Assembled {
  const { faults, prove = withoutPossession, proofs = null } = door;
  const members = readMembers({ faults, path: '', value: options }, [...OPTIONS, ...door.known]);
  const at = (path: string): Given => ({ faults, path, value: members[path] });
  const resource = readResource(at('resource'));
  const policy = readPolicy(at('policy'), door.rules ?? null);
  const verifiers = collectVerifiers(at('verifiers'), door, resource);
  const parts = readParts(members, { at, resource });
  const servers = readTexts(at('authorizationServers'), 'issuer identifiers', URL.canParse);
  faults.throwAll('createLatchkey');

  const lock = createLock(
    {
      ...parts,
      verifier: prove(firstMatch(verifiers, { onError: parts.onError })),
      proofAlgorithms: proofs === null ? null : proofs.algorithms.join(' '),
      version: door.version ?? (() => Number.NaN),
      endOf: (principal) => endOf(verifiers, principal, parts.now()),
    },
    policy,
  );
  const metadata = {
    path: resource.metadataPath,
    body: () =>
      protectedResourceMetadata({
        resource: resource.text,
        name: parts.server,
        scopes: visibleScopes(lock.policy),
        authorizationServers:
          members['authorizationServers'] === undefined ? verifiers.flatMap(({ issuers }) => issuers ?? []) : servers,
        proofs,
      }),
  };
  return { lock, metadata };
}

const OPTIONS = [
  'resource',
  'server',
  'verifiers',
  'policy',
  'anonymous',
  'limits',
  'hosts',
  'origins',
  'requireHttps',
  'unknownTokenStatus',
  'protocol',
  'trail',
  'authorizationServers',
  'onError',
  'now',
] as const satisfies readonly (keyof LatchkeyOptions)[];

const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** All parts of a lock that hang on options alone. */
function readParts(
  members: Members,
  { at, resource }: { readonly at: (path: string) => Given; readonly resource: Resource },
): Omit<LockParts, 'verifier' | 'proofAlgorithms' | 'version' | 'endOf'> {
  const onError = createTellError(readFunction(at('onError'), complain));
  const own = namesOf(resource.url);
  const hosts = readTexts(at('hosts'), 'hosts such as api.example or 10.0.0.7:8080', (text) => HOST.test(text));
  const origins = readTexts(at('origins'), 'origins such as https://inspector.example', isOrigin);
  return {
    server: readName(at('server'), 'default'),
    resource: resource.url,
    resourceMetadata: resource.metadataUrl,
    anonymous: readAnonymous(at('anonymous')),
    encryptedOnly: readChoice(at('requireHttps'), [false, true]),
    unknownTokenStatus: readChoice<401 | 403>(at('unknownTokenStatus'), [401, 403]),
    limits: readLimits(at('limits')),
    hosts: members['hosts'] === undefined ? own.hosts : new Set(hosts.map((host) => host.toLowerCase())),
    origins: new Set([...own.origins, ...origins]),
    protocol: readChoice<LockParts['protocol']>(at('protocol'), ['both', 'modern', 'legacy']),
    trail: readTrail(at('trail'), onError),
    now: readClock(at('now')),
    onError,
  };
}

function readAnonymous(given: Given): Principal | null {
  if (given.value === undefined) return null;
  const { scopes } = readMembers(given, ['scopes']);
  return createAnonymous(readScopes(member(given, 'scopes', scopes)));
}

function collectVerifiers(
  given: Given,
  { first = [], secret }: Assembly,
  { text: resource }: Resource,
): readonly LockVerifier[] {
  const none = given.value === undefined || (Array.isArray(given.value) && given.value.length === 0);
  if (none && first.length > 0) return first;
  return [...first, ...readVerifiers(given, { resource, ...(secret === undefined ? {} : { secret }) })];
}

/** When a principal ends, as far as whoever proved it can tell. */
async function endOf(verifiers: readonly LockVerifier[], principal: Principal, now: number): Promise<number | null> {
  for (const verifier of verifiers) {
    const end = await verifier.endOf?.(principal, now);
    if (end !== undefined) return end;
  }
  return principal.expiresAt;
}
