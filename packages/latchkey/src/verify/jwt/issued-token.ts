import { reject, type Verdict } from '../../core/verifier.ts';
import { judgeHeader } from './judge-header.ts';
import type { JwtIssuer } from './jwt-issuer.ts';
import { parseToken, type ParsedToken } from './parse-token.ts';

/** A token that names one of the issuers, and has a header that this issuer's access tokens may have. */
export interface IssuedToken {
  readonly issuer: JwtIssuer;
  readonly token: ParsedToken;
}

const SKIP: Verdict = { kind: 'skip' };

/** Takes a signed JWT apart and finds its issuer, or says at once what comes of it. `elsewhere` are those that others judge. */
export function parseIssuedToken(
  text: string,
  issuers: ReadonlyMap<string, JwtIssuer>,
  elsewhere: Pick<ReadonlySet<string>, 'has'>,
): IssuedToken | Verdict {
  const token = parseToken(text);
  if (typeof token === 'string') return reject('credential-malformed', token);
  const { iss } = token.claims;
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
  if (issuer === undefined)
    return elsewhere.has(iss as string) ? SKIP : reject('credential-unknown', 'iss is none of auth.issuers');
  const wrong = judgeHeader(token.header, { ...issuer, name: issuer.rules.name });
  return wrong === null ? { issuer, token } : reject('credential-claims', wrong);
}
