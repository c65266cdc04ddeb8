import type { Principal } from './principal.ts';
import { NO_SERVER, type Credential, type Verdict, type Verifier } from './verifier.ts';

const UNKNOWN: Verdict = { kind: 'reject', reason: 'credential-unknown' };
const UNAVAILABLE: Verdict = { kind: 'reject', reason: 'store-unavailable' };
const EXPIRED: Verdict = { kind: 'reject', reason: 'credential-expired' };
const ELSEWHERE: Verdict = { kind: 'reject', reason: 'credential-audience' };

export interface FirstMatchOptions {
  /** The verdict when all skip. Default: the credential is unknown. */
  readonly otherwise?: Verdict;
  /** Told why a verifier could not decide. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Asks the verifiers in order; the first that does not skip decides. One that throws or rejects could not decide, and then
 * nobody may: `store-unavailable`. Throws or rejects for what is no verdict. Answers at once where they all do.
 */
export function firstMatch(
  verifiers: readonly Verifier[],
  { otherwise = UNKNOWN, onError }: FirstMatchOptions = {},
): Verifier {
  const giveUp = (error: unknown): Verdict => {
    onError?.(error);
    return UNAVAILABLE;
  };
  const verifyFrom = (
    first: number,
    credential: Credential,
    server: string,
    now: number,
  ): Verdict | Promise<Verdict> => {
    for (let at = first; at < verifiers.length; at++) {
      const verifier = verifiers[at]!;
      let verdict: Verdict | Promise<Verdict>;
      try {
        verdict = verifier.verify(credential, server, now);
      } catch (error) {
        return giveUp(error);
      }
      if (verdict instanceof Promise) {
        return verdict.then(
          (settled) => settle(settled, verifier, server, now) ?? verifyFrom(at + 1, credential, server, now),
          giveUp,
        );
      }
      const settled = settle(verdict, verifier, server, now);
      if (settled !== null) return settled;
    }
    return otherwise;
  };
  return { name: 'first-match', verify: (credential, server, now) => verifyFrom(0, credential, server, now) };
}

/** What JavaScript may give instead. */
interface Loose {
  readonly kind?: string;
  readonly principal?: Partial<Principal> | null;
}

/** Null for a skip. Throws for what is no verdict: whoever wrote that verifier may have meant anything by it. */
function settle(verdict: Verdict, { name }: Verifier, server: string, now: number): Verdict | null {
  const { kind, principal }: Loose = verdict ?? {};
  if (kind === 'skip') return null;
  if (kind === 'reject') return verdict;
  const { id, scopes, servers, expiresAt }: Partial<Principal> = principal ?? {};
  const whole =
    kind === 'accept' &&
    typeof id === 'string' &&
    typeof scopes?.has === 'function' &&
    typeof (servers ?? scopes).has === 'function';
  if (!whole || !(expiresAt === null || Number.isFinite(expiresAt)))
    throw new TypeError(`verifier ${name}: expected a Verdict: skip, reject, or accept with a principal`);
  if (server !== NO_SERVER && servers?.has(server) === false) return ELSEWHERE;
  return expiresAt === null || expiresAt! > now ? verdict : EXPIRED;
}
