import { randomBytes } from 'node:crypto';
import { createOwnVerifier, endOfStored } from './compose-credentials.ts';
import {
  NODE_OPTIONS,
  readNodeOptions,
  type DpopSettings,
  type NodeOptions,
  type NodeSettings,
} from './compose-library-options.ts';
import { checkCalled, checkJoined, joinIssuers, type IssuerVerifier } from './compose-verifiers.ts';
import { createKeys, createTokens, type Keys, type Tokens } from './compose-tokens.ts';
import type { Store } from './core/store.ts';
import type { Verifier } from './core/verifier.ts';
import { whenReady } from './core/when-ready.ts';
import { assembleLatchkey } from './lock/create-latchkey.ts';
import { createFaults } from './lock/faults.ts';
import type { Latchkey } from './lock/latchkey.ts';
import type { LatchkeyOptions, LockVerifier, PolicyOptions, ScopesOf, VerifierOption } from './lock/options.ts';
import type { InvalidTokenErrorClass } from './lock/sdk-error.ts';
import { createTellError, type TellError } from './lock/tell-error.ts';
import { createTrail } from './trail/writer.ts';
import { PROOF_ALGORITHMS } from './verify/proof/proof-key.ts';
import { provePossession } from './verify/proof.ts';
import { createUseCounter } from './verify/use-counter.ts';

/** A lock, and with a store the making, replacing and ending of credentials. */
export type StoredLatchkey<Scope extends string, Kept> = Latchkey<Scope> &
  (Kept extends Store ? { readonly tokens: Tokens<Scope>; readonly keys: Keys<Scope> } : unknown);

/**
 * Makes a lock. Throws a TypeError that names everything that is wrong with its options. `policy` written in place gives
 * the type of the scopes that routes can ask for.
 */
export function createLatchkey<const Rules extends PolicyOptions = PolicyOptions>(
  options: NodeOptions<Rules, Store> & { readonly store: Store },
): StoredLatchkey<ScopesOf<Rules>, Store>;
/** The same where there may be no store: then nobody can count on `tokens` and `keys`. */
export function createLatchkey<const Rules extends PolicyOptions = PolicyOptions>(
  options: NodeOptions<Rules>,
): Latchkey<ScopesOf<Rules>>;
export function createLatchkey<const Rules extends PolicyOptions = PolicyOptions>(
  options: NodeOptions<Rules>,
): Latchkey<ScopesOf<Rules>> {
  const faults = createFaults();
  const { store, tokens, keys, dpop, trail, rest } = readNodeOptions(options, faults);
  const given: readonly VerifierOption[] = Array.isArray(rest.verifiers) ? rest.verifiers : [];
  checkCalled(given, faults);
  const issuers = given.filter(isIssuer);
  checkJoined(issuers, { prefixes: { token: tokens.prefix, key: keys.prefix }, faults });
  const parts =
    store === null ? null : joinStore(store, { tokens, keys, trail, onError: createTellError(rest.onError) });
  const lock = assembleLatchkey<ScopesOf<Rules>>(
    { ...rest, ...groupIssuers(rest.verifiers, issuers), ...(parts?.trail == null ? {} : { trail: parts.trail }) },
    {
      faults,
      known: NODE_OPTIONS,
      prove: (inner) => prove(inner, dpop, store),
      proofs: issuers.length === 0 ? null : { algorithms: PROOF_ALGORITHMS, required: dpop.required },
      loadErrorClass,
      ...(parts === null
        ? {}
        : { first: [parts.verifier], version: parts.version, close: parts.close, secret: parts.secret }),
    },
  );
  if (store === null) return lock;
  const clock = rest.now ?? (() => Date.now());
  // Stores keep whole milliseconds.
  const now = (): number => Math.floor(clock());
  const settings = { prefixes: { token: tokens.prefix, key: keys.prefix }, ttlMs: tokens.ttlMs, now };
  return Object.assign(lock, { tokens: createTokens(store, settings), keys: createKeys(store, settings) });
}

interface StoreAround extends Pick<NodeSettings, 'tokens' | 'keys' | 'trail'> {
  readonly onError: TellError;
}

function joinStore(store: Store, { tokens, keys, trail, onError }: StoreAround) {
  const uses = createUseCounter(store.credentials);
  const written =
    trail.retentionMs === null
      ? null
      : createTrail({
          store: store.trail,
          retentionMs: trail.retentionMs,
          onHealth: (health) => void (health.healthy || onError(health.error)),
        });
  const verifier: LockVerifier = {
    ...createOwnVerifier(store, [tokens.prefix, keys.prefix], uses),
    endOf: (principal) => (principal.credentialId === null ? undefined : endOfStored(store, principal)),
  };
  return {
    verifier,
    trail: written,
    version: () => store.version(),
    secret: async (name: string): Promise<string> => store.secret(name),
    async close(): Promise<void> {
      await uses.close();
      await written?.close();
    },
  };
}

function prove(inner: Verifier, { nonce, ...dpop }: DpopSettings, store: Store | null): Verifier {
  if (!nonce) return provePossession(inner, { ...dpop, nonceSecret: null });
  if (store === null) return provePossession(inner, { ...dpop, nonceSecret: randomBytes(32).toString('hex') });
  const kept = Promise.resolve(store.secret('proof-nonce'));
  return whenReady(kept.then((nonceSecret) => provePossession(inner, { ...dpop, nonceSecret })));
}

/** Issuers are asked together, at the place of the first, so that none sees a token of another. */
function groupIssuers(
  verifiers: readonly VerifierOption[] | undefined,
  issuers: readonly IssuerVerifier[],
): Pick<LatchkeyOptions, 'verifiers'> {
  const [first] = issuers;
  if (verifiers === undefined || first === undefined) return {};
  const configs = issuers.map(({ config }) => config);
  const joined: VerifierOption = (around) => joinIssuers(configs, around);
  return {
    verifiers: verifiers.flatMap((each) => (each === first ? [joined] : isIssuer(each) ? [] : [each])),
  };
}

function isIssuer(verifier: VerifierOption): verifier is IssuerVerifier {
  return typeof verifier === 'function' && 'config' in verifier && 'settings' in verifier;
}

// The SDK is not a dependency: whoever uses its guard has it.
async function loadErrorClass(): Promise<InvalidTokenErrorClass | undefined> {
  try {
    const { InvalidTokenError } = await import('@modelcontextprotocol/sdk/server/auth/errors.js');
    return InvalidTokenError;
  } catch {
    return undefined;
  }
}
