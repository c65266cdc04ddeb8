import type { IssuerRules } from '../../core/issuer.ts';
import type { KeySet } from './key-set.ts';

/** One issuer whose JWTs are verified by its keys. */
export interface JwtIssuer {
  readonly rules: IssuerRules;
  readonly algorithms: readonly string[];
  /** `typ` of access tokens, lower case without `application/`; '' stands for none. */
  readonly types: readonly string[];
  readonly keys: KeySet;
}
