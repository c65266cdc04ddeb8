import { readClaims, toOddTexts, type Holder } from '../../core/claims.ts';
import { allKnown, whenKnown, type Soon } from '../../core/soon.ts';
import { reject, type Rejection } from '../../core/verifier.ts';
import type { IssuedToken } from './issued-token.ts';
import { toType } from './judge-header.ts';
import { findForeignMark } from './judge-kind.ts';
import type { JwtCrypto } from './jwt-crypto.ts';

/**
 * Whose a signed token is, and all in its claims that neither the server nor the moment changes, if it is an access token
 * at all. Epoch milliseconds.
 */
export function readHolder(
  { issuer: { rules }, token: { header, claims } }: IssuedToken,
  now: number,
  digest: JwtCrypto['digest'],
): Soon<Holder | Rejection> {
  const mark = findForeignMark(claims, toType(header['typ']) as string, rules);
  if (mark !== null) return reject('credential-claims', `${mark} shows that it is no access token`);
  const odd = toOddTexts(claims);
  return whenKnown(allKnown(odd.map(digest)), (digests) =>
    readClaims(claims, { rules, kind: 'jwt', now, digest: (text) => digests[odd.indexOf(text)] as string }),
  );
}
