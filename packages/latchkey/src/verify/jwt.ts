import { judgeHolder, readClaims, type Holder } from '../core/claims.ts';
import { OutgoingError } from '../core/outgoing.ts';
import type { CredentialReason, Verdict, Verifier } from '../core/verifier.ts';
import { judgeHeader, toType } from './jwt/judge-header.ts';
import { findForeignMark } from './jwt/judge-kind.ts';
import type { JwtIssuer } from './jwt/jwt-issuer.ts';
import { findKey } from './jwt/key-set.ts';
import { isJose, parseToken, type ParsedToken } from './jwt/parse-token.ts';
import { createVerdictCache, type Judged } from './jwt/verdict-cache.ts';
import { verifySignature, type VerificationKey } from './jwt/verification-key.ts';
import { digestOf } from './mint.ts';

export interface JwtVerifierOptions {
  readonly issuers: readonly JwtIssuer[];
  /** What verifiers that are asked later judge. */
  readonly elsewhere?: {
    /** Identifiers of issuers whose JWTs are theirs. */
    readonly issuers: ReadonlySet<string>;
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

type Rejection = Extract<Verdict, { kind: 'reject' }>;

const SKIP: Verdict = { kind: 'skip' };
const LONGEST = 8192;

/**
 * Verifies signed JWTs of foreign issuers (RFC 9068, RFC 8725): each by the keys of the one issuer it names. A token that
 * was accepted is remembered by its digest, until it expires or its key is gone; then the answer comes without a promise.
 */
export function createJwtVerifier(options: JwtVerifierOptions): Verifier {
  const { resourcesOf, elsewhere = { issuers: new Set<string>(), encrypted: false } } = options;
  const issuers = new Map(options.issuers.map((issuer) => [issuer.rules.issuer, issuer]));
  const cache = createVerdictCache(options.cacheSize ?? 10_000);

  const judgeMoment = ({ issuer, holder, accept }: Judged, { digest, server, now }: Asked): Verdict => {
    const reason = judgeHolder(holder, { rules: issuer.rules, resources: resourcesOf(server), now });
    if (reason === null) return accept;
    if (reason === 'credential-expired') cache.remove(digest);
    return reject(reason, describeMoment(reason, issuer.rules.name));
  };

  const judgeSigned = (issuer: JwtIssuer, token: ParsedToken, key: VerificationKey, asked: Asked): Verdict => {
    const found = readHolder(issuer, token, asked.now);
    if (found.kind === 'reject') return found;
    const judged = { issuer, key, holder: found, accept: { kind: 'accept', principal: found.principal } } as const;
    const verdict = judgeMoment(judged, asked);
    if (verdict === judged.accept) cache.add(asked.digest, judged);
    return verdict;
  };

  const judgeNew = (asked: Asked): Verdict | Promise<Verdict> => {
    const token = parseToken(asked.text);
    if (typeof token === 'string') return reject('credential-malformed', token);
    const { iss } = token.claims;
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (issuer === undefined)
      return elsewhere.issuers.has(iss as string) ? SKIP : reject('credential-unknown', 'iss is none of auth.issuers');
    const wrong = judgeHeader(token.header, { ...issuer, name: issuer.rules.name });
    if (wrong !== null) return reject('credential-claims', wrong);
    const keys = issuer.keys.peek(asked.now);
    return (keys && judgeWith(keys, issuer, token, asked)) ?? judgeWithNewKeys(issuer, token, asked);
  };

  /** Null where the keys may lack the one it is signed with. */
  const judgeWith = (
    keys: readonly VerificationKey[],
    issuer: JwtIssuer,
    token: ParsedToken,
    asked: Asked,
  ): Verdict | null => {
    const key = findKey(keys, token.header);
    if (key === null) return null;
    if (verifySignature(key, token.header['alg'] as string, token.input, token.signature))
      return judgeSigned(issuer, token, key, asked);
    return token.header['kid'] === undefined ? null : reject('credential-unknown', 'its signature is not by its key');
  };

  const judgeWithNewKeys = async (issuer: JwtIssuer, token: ParsedToken, asked: Asked): Promise<Verdict> => {
    const { keys, rules } = issuer;
    try {
      return (
        judgeWith(await keys.get(asked.now), issuer, token, asked) ??
        judgeWith(await keys.renew(asked.now), issuer, token, asked) ??
        reject('credential-unknown', `not exactly one key of auth.issuers.${rules.name} fits its alg and kid`)
      );
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return reject('issuer-unavailable', error.message);
    }
  };

  return {
    name: 'jwt',
    verify({ scheme, secret }, server, now) {
      const text = secret.reveal();
      if (scheme === 'api-key' || text.length > LONGEST) return SKIP;
      if (!isJose(text, 3)) {
        return isJose(text, 5) && !elsewhere.encrypted ? reject('credential-malformed', 'it is encrypted (JWE)') : SKIP;
      }
      const digest = digestOf(text);
      const asked = { text, digest, server, now };
      const judged = cache.get(digest);
      if (judged !== undefined) {
        if (judged.issuer.keys.peek(now)?.includes(judged.key) === true) return judgeMoment(judged, asked);
        cache.remove(digest);
      }
      return judgeNew(asked);
    },
  };
}

function readHolder({ rules }: JwtIssuer, { header, claims }: ParsedToken, now: number): Holder | Rejection {
  const mark = findForeignMark(claims, toType(header['typ']) ?? '', rules);
  if (mark !== null) return reject('credential-claims', `${mark} shows that it is no access token`);
  return readClaims(claims, { rules, kind: 'jwt', now, digest: shortDigestOf });
}

function shortDigestOf(text: string): string {
  return digestOf(text).slice(0, 32);
}

function describeMoment(reason: CredentialReason, name: string): string {
  if (reason === 'credential-audience') return `aud is not this server; see auth.issuers.${name}.audience`;
  return reason === 'credential-expired' ? 'exp is past' : 'nbf is in the future';
}

function reject(reason: CredentialReason, detail: string): Rejection {
  return { kind: 'reject', reason, detail };
}
