import { judgeHolder, readClaims, toOddTexts, type Holder } from '../core/claims.ts';
import { OutgoingError } from '../core/outgoing.ts';
import { allKnown, whenKnown, type Soon } from '../core/soon.ts';
import { reject, type Rejection, type Verdict, type Verifier } from '../core/verifier.ts';
import type { JwtCrypto } from './jwt/jwt-crypto.ts';
import { judgeHeader, toType } from './jwt/judge-header.ts';
import { findForeignMark } from './jwt/judge-kind.ts';
import type { JwtIssuer } from './jwt/jwt-issuer.ts';
import { findKey } from './jwt/key-set.ts';
import { isJose, parseToken, type ParsedToken } from './jwt/parse-token.ts';
import { createVerdictCache, type Judged } from './jwt/verdict-cache.ts';
import { verifySignature, type VerificationKey } from './jwt/verification-key.ts';

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

/** A token that names one of the issuers, and has a header that this issuer's access tokens may have. */
interface Presented {
  readonly issuer: JwtIssuer;
  readonly token: ParsedToken;
  readonly asked: Asked;
}

type Keys = readonly VerificationKey[];

const SKIP: Verdict = { kind: 'skip' };
const LONGEST = 8192;

/**
 * Verifies signed JWTs of foreign issuers (RFC 9068, RFC 8725): each by the keys of the one issuer it names. A token that
 * was accepted is remembered by its digest, until it expires or its key is gone; then the answer comes without a promise, where the cryptography does.
 */
export function createJwtVerifier(options: JwtVerifierOptions): Verifier {
  const { crypto, resourcesOf, elsewhere = { issuers: new Set<string>(), encrypted: false } } = options;
  const issuers = new Map(options.issuers.map((issuer) => [issuer.rules.issuer, issuer]));
  const cache = createVerdictCache(options.cacheSize ?? 10_000);

  const judgeMoment = ({ issuer, holder, accept }: Judged, { digest, server, now }: Asked): Verdict => {
    const refusal = judgeHolder(holder, { rules: issuer.rules, resources: resourcesOf(server), now });
    if (refusal === null) return accept;
    if (refusal.reason === 'credential-expired') cache.remove(digest);
    return refusal;
  };

  const readHolder = ({ rules }: JwtIssuer, { header, claims }: ParsedToken, now: number): Soon<Holder | Rejection> => {
    const mark = findForeignMark(claims, toType(header['typ']) as string, rules);
    if (mark !== null) return reject('credential-claims', `${mark} shows that it is no access token`);
    const odd = toOddTexts(claims);
    return whenKnown(allKnown(odd.map(crypto.digest)), (digests) =>
      readClaims(claims, { rules, kind: 'jwt', now, digest: (text) => digests[odd.indexOf(text)] as string }),
    );
  };

  const judgeSigned = (key: VerificationKey, { issuer, token, asked }: Presented): Soon<Verdict> =>
    whenKnown(readHolder(issuer, token, asked.now), (found) => {
      if (found.kind === 'reject') return found;
      const judged = { issuer, key, holder: found, accept: { kind: 'accept', principal: found.principal } } as const;
      const verdict = judgeMoment(judged, asked);
      if (verdict === judged.accept) cache.add(asked.digest, judged);
      return verdict;
    });

  /** Null where the keys may lack the one it is signed with. */
  const judgeWith = (keys: Keys, presented: Presented): Soon<Verdict | null> => {
    const { header, input, signature } = presented.token;
    const key = findKey(keys, header);
    if (key === null) return null;
    return whenKnown(verifySignature(key, header['alg'] as string, input, signature), (genuine) => {
      if (genuine) return judgeSigned(key, presented);
      return header['kid'] === undefined ? null : reject('credential-unknown', 'its signature is not by its key');
    });
  };

  /** Asks for the keys where that may help; those that were tried are not tried again. */
  const judgeWithNewKeys = async (tried: Keys | null, presented: Presented): Promise<Verdict> => {
    const { keys, rules } = presented.issuer;
    const { now } = presented.asked;
    try {
      const kept = await keys.get(now);
      const first = kept === tried ? null : await judgeWith(kept, presented);
      if (first !== null) return first;
      const renewed = await keys.renew(now);
      const second = renewed === kept ? null : await judgeWith(renewed, presented);
      return second ?? reject('credential-unknown', `not exactly one key of auth.issuers.${rules.name} fits it`);
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return reject('issuer-unavailable', error.message);
    }
  };

  const judgeNew = (asked: Asked): Soon<Verdict> => {
    const token = parseToken(asked.text);
    if (typeof token === 'string') return reject('credential-malformed', token);
    const { iss } = token.claims;
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (issuer === undefined)
      return elsewhere.issuers.has(iss as string) ? SKIP : reject('credential-unknown', 'iss is none of auth.issuers');
    const wrong = judgeHeader(token.header, { ...issuer, name: issuer.rules.name });
    if (wrong !== null) return reject('credential-claims', wrong);
    const keys = issuer.keys.peek(asked.now);
    const presented = { issuer, token, asked };
    if (keys === null) return judgeWithNewKeys(null, presented);
    return whenKnown(judgeWith(keys, presented), (verdict) => verdict ?? judgeWithNewKeys(keys, presented));
  };

  const judge = (asked: Asked): Soon<Verdict> => {
    const { digest, now } = asked;
    const judged = cache.get(digest);
    if (judged !== undefined) {
      if (judged.issuer.keys.peek(now)?.includes(judged.key) === true) return judgeMoment(judged, asked);
      cache.remove(digest);
    }
    return judgeNew(asked);
  };

  return {
    name: 'jwt',
    verify({ scheme, secret }, server, now) {
      const text = secret.reveal();
      if (scheme === 'api-key' || text.length > LONGEST) return SKIP;
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
