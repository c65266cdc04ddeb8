import { sign } from 'node:crypto';
import type { Principal } from '../../core/principal.ts';
import type { SignIdentity } from '../../core/upstream-identity.ts';
import type { IdentityKeys } from './identity-keys.ts';

export interface IdentityOptions {
  readonly keys: IdentityKeys;
  /** Who signs: this gateway's origin, known once it listens. */
  readonly issuer: () => string;
  readonly audience: string;
}

/** `typ` of the tokens (RFC 8725 §3.11), so that no other JWT passes for one. */
const TYPE = 'latchkey-identity+jwt';
const LIFETIME_S = 60;
/** One signature serves its principal for so long; whoever gets it has at least the rest of the minute. */
const REUSE_MS = 30_000;

interface Signed {
  readonly text: string;
  readonly at: number;
}

/**
 * Signs an ES256 JWT for one upstream: `iss`, `aud`, `sub` (the principal's id), `iat`, `exp` a minute later, `kind`,
 * `name`, `scope`, and where there are such `client_id`, `issuer` and `subject`. Signs at most once in 30 s for each
 * principal.
 */
export function createSignIdentity({ keys, issuer, audience }: IdentityOptions): SignIdentity {
  // By the object: what may differ between two credentials of one holder, such as scopes, is never shared.
  const signed = new WeakMap<Principal, Signed>();
  return (principal, now) => {
    const before = signed.get(principal);
    if (before !== undefined && now - before.at < REUSE_MS && now >= before.at) return before.text;
    const { kid, privateKey } = keys.keyAt(now);
    const head = encode({ alg: 'ES256', typ: TYPE, kid });
    const body = encode({ iss: issuer(), aud: audience, ...toClaims(principal, Math.floor(now / 1000)) });
    const input = `${head}.${body}`;
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const text = `${input}.${signature.toString('base64url')}`;
    signed.set(principal, { text, at: now });
    return text;
  };
}

function toClaims(principal: Principal, at: number): object {
  const { id, kind, name, client, scopes, issuer, subject } = principal;
  return {
    sub: id,
    iat: at,
    exp: at + LIFETIME_S,
    kind,
    name,
    scope: [...scopes].join(' '),
    ...(client === null ? {} : { client_id: client }),
    ...(issuer === null ? {} : { issuer, subject }),
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
