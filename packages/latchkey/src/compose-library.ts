import { createOwnVerifier, endOfStored } from './compose-credentials.ts';
import { joinIssuers, type IssuerVerifier } from './compose-verifiers.ts';
import type { Principal } from './core/principal.ts';
import type { Store } from './core/store.ts';
import type { Trail } from './core/trail.ts';
import { assembleLatchkey } from './lock/create-latchkey.ts';
import { createFaults } from './lock/faults.ts';
import type { Latchkey } from './lock/latchkey.ts';
import type { LatchkeyOptions, LockVerifier, PolicyOptions, ScopesOf, VerifierOption } from './lock/options.ts';
import { createTrail } from './trail/writer.ts';
import { PROOF_ALGORITHMS } from './verify/proof/proof-key.ts';
import { provePossession } from './verify/proof.ts';
import { createUseCounter } from './verify/use-counter.ts';

const RETENTION_MS = 90 * 86_400_000;
const PREFIXES = ['lk_', 'lkk_'];

/** A lock on Node, which can also have a store: its credentials are asked first, and its trail has every decision. */
export interface NodeOptions<Rules extends PolicyOptions = PolicyOptions> extends LatchkeyOptions<Rules> {
  /** Of `openStore`. Whoever opened it closes it, after the lock. */
  readonly store?: Store;
}

/**
 * Makes a lock. Throws a TypeError that names everything that is wrong with its options. `policy` written in place gives
 * the type of the scopes that routes can ask for.
 */
export function createLatchkey<const Rules extends PolicyOptions = PolicyOptions>(
  options: NodeOptions<Rules>,
): Latchkey<ScopesOf<Rules>> {
  const faults = createFaults();
  const { store } = options;
  const parts = store === undefined ? null : joinStore(store, options);
  const { verifiers } = options;
  return assembleLatchkey(
    {
      ...options,
      ...(verifiers === undefined ? {} : { verifiers: groupIssuers(verifiers) }),
      ...(options.trail === undefined && parts !== null ? { trail: parts.trail } : {}),
    },
    {
      faults,
      known: ['store'],
      first: parts === null ? [] : [parts.verifier],
      prove: (inner) => provePossession(inner, { required: false, maxAgeMs: 300_000, nonceSecret: null }),
      proofs: verifiers?.some(isIssuer) === true ? { algorithms: PROOF_ALGORITHMS, required: false } : null,
    },
  );
}

interface StoreParts {
  readonly verifier: LockVerifier;
  readonly trail: Trail;
}

function joinStore(store: Store, { onError }: LatchkeyOptions): StoreParts {
  const uses = createUseCounter(store.credentials);
  return {
    verifier: {
      ...createOwnVerifier(store, PREFIXES, uses),
      endOf: (principal: Principal) => (principal.credentialId === null ? undefined : endOfStored(store, principal)),
    },
    trail: createTrail({
      store: store.trail,
      retentionMs: RETENTION_MS,
      onHealth: (health) => (health.healthy ? undefined : onError?.(health.error)),
    }),
  };
}

/** Issuers are asked together, at the place of the first, so that none sees a token of another. */
function groupIssuers(verifiers: readonly VerifierOption[]): readonly VerifierOption[] {
  const issuers = verifiers.filter(isIssuer);
  const [first] = issuers;
  if (first === undefined) return verifiers;
  const configs = issuers.map(({ config }) => config);
  return verifiers.flatMap((each): readonly VerifierOption[] => {
    if (each === first) return [(around) => joinIssuers(configs, around)];
    return isIssuer(each) ? [] : [each];
  });
}

function isIssuer(verifier: VerifierOption): verifier is IssuerVerifier {
  return typeof verifier === 'function' && 'config' in verifier;
}
