import type { Credential, Verdict, Verifier } from './verifier.ts';

const UNKNOWN: Verdict = { kind: 'reject', reason: 'credential-unknown' };
const UNAVAILABLE: Verdict = { kind: 'reject', reason: 'store-unavailable' };

/**
 * Asks the verifiers in order; the first that does not skip decides. When all skip the verdict is `otherwise`: by default
 * the credential is unknown. One that throws or rejects could not decide, and then nobody may: `store-unavailable`.
 * Answers at once where they all do.
 */
export function firstMatch(verifiers: readonly Verifier[], otherwise: Verdict = UNKNOWN): Verifier {
  const verifyFrom = (
    first: number,
    credential: Credential,
    server: string,
    now: number,
  ): Verdict | Promise<Verdict> => {
    for (let at = first; at < verifiers.length; at++) {
      let verdict: Verdict | Promise<Verdict>;
      try {
        verdict = verifiers[at]!.verify(credential, server, now);
      } catch {
        return UNAVAILABLE;
      }
      if (verdict instanceof Promise) {
        return verdict.then(
          (settled) => (settled.kind === 'skip' ? verifyFrom(at + 1, credential, server, now) : settled),
          () => UNAVAILABLE,
        );
      }
      if (verdict.kind !== 'skip') return verdict;
    }
    return otherwise;
  };
  return { name: 'first-match', verify: (credential, server, now) => verifyFrom(0, credential, server, now) };
}
