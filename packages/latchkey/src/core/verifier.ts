import type { Principal } from './principal.ts';
import type { Reason } from './reason.ts';
import type { Secret } from './secret.ts';

/**
 * Characters. One of Entra ID that lists 200 groups, as many as it does, has 12,000; it is as many as the headers together
 * may have.
 */
export const LONGEST_TOKEN = 16_384;

/** What a caller presented, and where it stood. */
export interface Credential {
  readonly scheme: 'bearer' | 'api-key' | 'dpop';
  readonly secret: Secret;
  /** What came to prove that the caller holds the key that the credential is bound to; null without a DPoP header. */
  readonly proof: ProofOfPossession | null;
  /** Whether so many from its address did not work that it is likely a guess: what it costs others is to be little. */
  readonly suspect?: boolean;
}

/** A DPoP proof and the request it must be for (RFC 9449 §4.3). */
export interface ProofOfPossession {
  /** The DPoP header, as sent. */
  readonly jwt: string;
  readonly method: string;
  /** The canonical URL of what was asked, without query and fragment; never made of what the request says. */
  readonly url: string;
  /** That request itself, where another guard may have had this proof verified for it before. */
  readonly request?: object | undefined;
}

/** What a verifier found: not its kind of credential, whose it is, or why it is not valid. */
export type Verdict =
  | { readonly kind: 'skip' }
  | {
      readonly kind: 'accept';
      readonly principal: Principal;
      /** The nonce that the caller's next proof should have, where the one it used will soon be too old (RFC 9449 §8.2). */
      readonly nonce?: string;
    }
  | Rejection;

/** The credential is of this kind, and not valid. */
export interface Rejection {
  readonly kind: 'reject';
  readonly reason: CredentialReason;
  /** For the trail: what did not fit, in the verifier's own words. */
  readonly detail?: string;
  /** With `proof-nonce`: the nonce that the next proof must have (RFC 9449 §9). */
  readonly nonce?: string;
}

export function reject(reason: CredentialReason, detail: string): Rejection {
  return { kind: 'reject', reason, detail };
}

/** The reasons a verifier may reject with. */
export type CredentialReason = Extract<
  Reason,
  | 'credential-malformed'
  | 'credential-unknown'
  | 'credential-expired'
  | 'credential-revoked'
  | 'credential-audience'
  | 'credential-claims'
  | 'credential-client'
  | 'credential-bound'
  | 'proof-invalid'
  | 'proof-nonce'
  | 'store-unavailable'
  | 'issuer-unavailable'
>;

/**
 * How long a verdict may be acted on without asking again whether the credential ended, in milliseconds. What takes a
 * credential away is answered only after that, so nobody can know of it sooner.
 */
export const VERDICT_HOLDS_MS = 2;

/** The server of a request that is about the credential itself. */
export const NO_SERVER = '';

/**
 * Proves who a credential belongs to. `skip` means "not my kind of credential"; a rejection is final.
 * `now` is epoch milliseconds. `server` is the name of the protected server the request goes to; '' where it is about the
 * credential itself, and then it matters not which servers that is for.
 * A verifier that throws is a verifier that cannot decide, and is answered by 503; it bounds its own waiting.
 */
export interface Verifier {
  readonly name: string;
  /** Whose the credential is, at that server and time. */
  verify(credential: Credential, server: string, now: number): Verdict | Promise<Verdict>;
}
