import { OutgoingError } from '../../core/outgoing.ts';
import { whenKnown, type Soon } from '../../core/soon.ts';
import { reject, type Rejection } from '../../core/verifier.ts';
import type { IssuedToken } from './issued-token.ts';
import { findKey, NO_KEYS } from './key-set.ts';
import type { ParsedToken } from './parse-token.ts';
import { verifySignature, type VerificationKey } from './verification-key.ts';

type Keys = readonly VerificationKey[];

/**
 * The key of its issuer that a token is signed by. The issuer is asked for its keys where that may help, and the answer
 * comes without a promise where it need not be and the cryptography gives it so.
 */
export function findSigner(issued: IssuedToken, now: number): Soon<VerificationKey | Rejection> {
  const keys = issued.issuer.keys.peek(now);
  if (keys === null) return findAmongNew(null, issued, now);
  return whenKnown(findAmong(keys, issued.token), (signer) => signer ?? findAmongNew(keys, issued, now));
}

/** Null where the keys may lack the one it is signed with. */
function findAmong(keys: Keys, { header, input, signature }: ParsedToken): Soon<VerificationKey | Rejection | null> {
  const key = findKey(keys, header);
  if (key === null) return null;
  return whenKnown(verifySignature(key, header['alg'] as string, input, signature), (genuine) => {
    if (genuine) return key;
    return header['kid'] === undefined ? null : reject('credential-unknown', 'its signature is not by its key');
  });
}

/** Asks for the keys; those that were tried are not tried again. */
async function findAmongNew(
  tried: Keys | null,
  { issuer: { keys, rules }, token }: IssuedToken,
  now: number,
): Promise<VerificationKey | Rejection> {
  try {
    const kept = await keys.get(now);
    const first = kept === tried ? null : await findAmong(kept, token);
    if (first !== null) return first;
    const renewed = await keys.renew(now);
    const second = renewed === kept ? null : await findAmong(renewed, token);
    if (renewed.length === 0) return reject('issuer-unavailable', `auth.issuers.${rules.name}: ${NO_KEYS}`);
    return second ?? reject('credential-unknown', `not exactly one key of auth.issuers.${rules.name} fits it`);
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    return reject('issuer-unavailable', error.message);
  }
}
