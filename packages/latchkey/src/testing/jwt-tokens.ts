import { createIssuerKey, type IssuerKey } from './issuer-keys.ts';
import {
  inHours,
  notYet,
  OTHER,
  OTHER_SCOPE,
  revoked,
  toPresets,
  type IssuerTokensOptions,
  type MakeToken,
} from './wrong-claims.ts';
import type { TestIssuer } from './test-issuer.ts';

/** One maker for each mistake; apart from it each token is right. */
export interface JwtTokens {
  readonly valid: MakeToken;
  /** For an hour. */
  readonly expired: MakeToken;
  /** Only who asks the issuer (introspection) can know: by its signature it is still good. */
  readonly revoked: MakeToken;
  /** For another server. */
  readonly wrongAudience: MakeToken;
  /** Good for what needs no scope: one for 403, not for 401. */
  readonly wrongScope: MakeToken;
  /** For an hour. */
  readonly notYetValid: MakeToken;
  /** Of another issuer, signed by this one's key. */
  readonly wrongIssuer: MakeToken;
  /** Names the issuer's key and is signed by another one of the same kind. */
  readonly wrongSignature: MakeToken;
  /** HMAC with the issuer's public key as its secret (RFC 8725 §2.1). */
  readonly hs256: MakeToken;
  /** `alg` is `none`, and nothing stands where the signature would (RFC 8725 §2.1). */
  readonly unsigned: MakeToken;
}

/** JWT access tokens (RFC 9068) of a test issuer, right and wrong. A wrong one must get 401, unless said otherwise. */
export function createJwtTokens(issuer: TestIssuer, options: IssuerTokensOptions = {}): JwtTokens {
  const presets = toPresets('createJwtTokens', options);
  const issue = (claims: object): Promise<string> => issuer.issue({ ...presets, ...claims }, { format: 'jwt' });
  const forge = (claims: object, header: object, key: Parameters<TestIssuer['accessToken']>[2]): Promise<string> =>
    issuer.accessToken({ ...presets, ...claims }, header, key);
  return {
    valid: (claims = {}) => issue(claims),
    expired: (claims) => issue({ ...inHours(-2, -1), ...claims }),
    revoked: (claims = {}) => revoked(issuer, issue(claims)),
    wrongAudience: (claims) => issue({ aud: OTHER, ...claims }),
    wrongScope: (claims) => issue({ scope: OTHER_SCOPE, ...claims }),
    notYetValid: (claims) => issue({ ...notYet(), ...claims }),
    wrongIssuer: (claims) => issue({ iss: OTHER, ...claims }),
    wrongSignature: (claims = {}) => forge(claims, {}, { key: createIssuerKey(newest(issuer).alg) }),
    hs256: (claims = {}) => forge(claims, {}, { key: { alg: 'HS256', secret: toPem(newest(issuer)) } }),
    unsigned: (claims = {}) => forge(claims, { kid: undefined }, { key: { alg: 'none' } }),
  };
}

function newest({ keys }: TestIssuer): IssuerKey {
  const key = keys.at(-1);
  if (key === undefined) throw new TypeError('The issuer has no key');
  return key;
}

/** As a careless verifier would hand it to its HMAC. */
function toPem({ publicKey }: IssuerKey): string {
  return publicKey.export({ format: 'pem', type: 'spki' }).toString();
}
