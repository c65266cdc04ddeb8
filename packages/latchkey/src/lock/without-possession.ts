import { reject, type Credential, type Verdict, type Verifier } from '../core/verifier.ts';

const BOUND = reject('credential-bound', 'it is bound to a key, and nothing here asks for a proof');

/** Asks `inner`, and takes no token that is bound to a key (RFC 9449): to take it without a proof would be to unbind it. */
export function withoutPossession(inner: Verifier): Verifier {
  return {
    name: 'without-possession',
    verify(credential, server, now) {
      const verdict = inner.verify(credential, server, now);
      return verdict instanceof Promise
        ? verdict.then((settled) => judge(credential, settled))
        : judge(credential, verdict);
    },
  };
}

function judge({ scheme }: Credential, verdict: Verdict): Verdict {
  return verdict.kind === 'accept' && (scheme === 'dpop' || verdict.principal.keyThumbprint !== null) ? BOUND : verdict;
}
