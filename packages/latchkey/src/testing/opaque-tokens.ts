import { randomText } from './issued-tokens.ts';
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
export interface OpaqueTokens {
  readonly valid: MakeToken;
  /** For an hour; the issuer says that it is not active. */
  readonly expired: MakeToken;
  /** The issuer says that it is not active. */
  readonly revoked: MakeToken;
  /** Active, for another server. */
  readonly wrongAudience: MakeToken;
  /** Good for what needs no scope: one for 403, not for 401. */
  readonly wrongScope: MakeToken;
  /** For an hour; the issuer says that it is not active. */
  readonly notYetValid: MakeToken;
  /** The issuer never gave it out. */
  readonly unknown: () => Promise<string>;
}

/**
 * Access tokens of a test issuer that only its introspection endpoint can judge, right and wrong. A wrong one must get 401,
 * unless said otherwise.
 */
export function createOpaqueTokens(issuer: TestIssuer, options: IssuerTokensOptions = {}): OpaqueTokens {
  const presets = toPresets('createOpaqueTokens', options);
  const issue = (claims: object): Promise<string> => issuer.issue({ ...presets, ...claims }, { format: 'opaque' });
  return {
    valid: (claims = {}) => issue(claims),
    expired: (claims) => issue({ ...inHours(-2, -1), ...claims }),
    revoked: (claims = {}) => revoked(issuer, issue(claims)),
    wrongAudience: (claims) => issue({ aud: OTHER, ...claims }),
    wrongScope: (claims) => issue({ scope: OTHER_SCOPE, ...claims }),
    notYetValid: (claims) => issue({ ...notYet(), ...claims }),
    unknown: async () => randomText(),
  };
}
