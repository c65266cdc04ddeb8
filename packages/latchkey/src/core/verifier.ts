import type { Principal } from './principal.ts';
import type { Reason } from './reason.ts';
import type { Secret } from './secret.ts';

/** What a caller presented, and where it stood. */
export interface Credential {
  readonly scheme: 'bearer' | 'api-key';
  readonly secret: Secret;
}

export type Verdict =
  | { readonly kind: 'skip' }
  | { readonly kind: 'accept'; readonly principal: Principal }
  | { readonly kind: 'reject'; readonly reason: CredentialReason };

/** The reasons a verifier may reject with. */
export type CredentialReason = Extract<
  Reason,
  | 'credential-malformed'
  | 'credential-unknown'
  | 'credential-expired'
  | 'credential-revoked'
  | 'credential-audience'
  | 'store-unavailable'
>;

/**
 * Proves who a credential belongs to. `skip` means "not my kind of credential"; a rejection is final.
 * `now` is epoch milliseconds. `server` is the name of the protected server the request goes to.
 * A verifier that throws is a verifier that cannot decide: the gateway answers 503.
 */
export interface Verifier {
  readonly name: string;
  verify(credential: Credential, server: string, now: number): Verdict | Promise<Verdict>;
}
