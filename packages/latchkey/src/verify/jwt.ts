import { judgeHolder } from '../core/claims.ts';
import { whenKnown, type Soon } from '../core/soon.ts';
import { LONGEST_TOKEN, reject, type Verdict, type Verifier } from '../core/verifier.ts';
import { findSigner } from './jwt/find-signer.ts';
import { parseIssuedToken, type IssuedToken } from './jwt/issued-token.ts';
import type { JwtCrypto } from './jwt/jwt-crypto.ts';
import type { JwtIssuer } from './jwt/jwt-issuer.ts';
import { isJose } from './jwt/parse-token.ts';
import { readHolder } from './jwt/read-holder.ts';
import { createVerdictCache, type Judged } from './jwt/verdict-cache.ts';
import type { VerificationKey } from './jwt/verification-key.ts';

export interface JwtVerifierOptions {
  readonly issuers: readonly JwtIssuer[];
  readonly crypto: JwtCrypto;
  /** What verifiers that are asked later judge. */
  readonly elsewhere?: {
    /** Identifiers of issuers whose JWTs are theirs. */
    readonly issuers: Pick<ReadonlySet<string>, 'has'>;
    /** Whether encrypted tokens, opaque to everybody but their issuer, are theirs too. */
    readonly encrypted: boolean;
  };
  /** Canonical URL of a server by its name. */
  readonly resourcesOf: (server: string) => readonly string[];
  /** How many accepted tokens are remembered. Default 10,000. */
  readonly cacheSize?: number;
}

interface Asked {
  readonly text: string;
  readonly digest: string;
  readonly server: string;
  readonly now: number;
}

const SKIP: Verdict = { kind: 'skip' };

/**
 * Verifies signed JWTs of foreign issuers (RFC 9068, RFC 8725): each by the keys of the one issuer it names. A token that
 * was accepted is remembered by its digest, until it expires or its key is gone; then the answer comes without a promise,
 * where the cryptography does.
 */
export function createJwtVerifier(options: JwtVerifierOptions): Verifier {
  const { crypto, resourcesOf, elsewhere = { issuers: new Set<string>(), encrypted: false } } = options;
  const issuers = new Map(options.issuers.map((issuer) => [issuer.rules.issuer, issuer]));
  const cache = createVerdictCache(options.cacheSize ?? 10_000);

  const judge = (asked: Asked): Soon<Verdict> => {
    const { digest, now } = asked;
    const judged = cache.get(digest);
    if (judged !== undefined) {
      if (judged.issuer.keys.peek(now)?.includes(judged.key) === true) return judgeMoment(judged, asked);
      cache.remove(digest);
    }
    return judgeNew(asked);
  };

  const judgeNew = (asked: Asked): Soon<Verdict> => {
    const issued = parseIssuedToken(asked.text, issuers, elsewhere.issuers);
    if ('kind' in issued) return issued;
    return whenKnown(findSigner(issued, asked.now), (signer) =>
      'kind' in signer ? signer : judgeSigned(issued, signer, asked),
    );
  };

  const judgeSigned = (issued: IssuedToken, key: VerificationKey, asked: Asked): Soon<Verdict> =>
    whenKnown(readHolder(issued, asked.now, crypto.digest), (holder) => {
      if (holder.kind === 'reject') return holder;
      const accept = { kind: 'accept', principal: holder.principal } as const;
      const judged = { issuer: issued.issuer, key, holder, accept };
      const verdict = judgeMoment(judged, asked);
      if (verdict === accept) cache.add(asked.digest, judged);
      return verdict;
    });

  const judgeMoment = ({ issuer, holder, accept }: Judged, { digest, server, now }: Asked): Verdict => {
    const refusal = judgeHolder(holder, { rules: issuer.rules, resources: resourcesOf(server), now });
    if (refusal === null) return accept;
    if (refusal.reason === 'credential-expired') cache.remove(digest);
    return refusal;
  };

  return {
    name: 'jwt',
    verify({ scheme, secret }, server, now) {
      const text = secret.reveal();
      if (scheme === 'api-key' || text.length > LONGEST_TOKEN) return SKIP;
      if (!isJose(text, 3)) {
        return isJose(text, 5) && !elsewhere.encrypted ? reject('credential-malformed', 'it is encrypted (JWE)') : SKIP;
      }
      const digest = crypto.digest(text);
      return typeof digest === 'string'
        ? judge({ text, digest, server, now })
        : digest.then((known) => judge({ text, digest: known, server, now }));
    },
  };
}
