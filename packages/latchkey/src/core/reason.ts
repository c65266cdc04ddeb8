/** Every exact reason for a refusal. The trail holds these; callers see only what `toWire` makes of them. */
export type Reason =
  // framing, host, path
  | 'framing'
  | 'header-repeated'
  | 'headers-too-large'
  | 'target-form'
  | 'host-foreign'
  | 'origin-foreign'
  | 'path-unknown'
  | 'http-method'
  | 'clear-text'
  | 'proxy-unknown'
  // limits
  | 'limit-address'
  | 'limit-failures'
  | 'limit-principal'
  | 'limit-target'
  | 'limit-sessions'
  | 'limit-streams'
  | 'limit-calls'
  // credentials
  | 'credential-missing'
  | 'credential-ambiguous'
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
  // what was sent
  | 'content-type'
  | 'content-encoding'
  | 'not-acceptable'
  | 'body-too-large'
  | 'body-timeout'
  | 'json-malformed'
  | 'message-invalid'
  | 'header-mismatch'
  | 'meta-missing'
  | 'params-invalid'
  | 'version-unsupported'
  | 'method-unknown'
  | 'session-missing'
  | 'session-unknown'
  | 'id-in-use'
  // policy
  | 'policy-no-rule'
  | 'policy-denied'
  | 'policy-hidden'
  | 'policy-scope'
  | 'policy-condition'
  | 'policy-definition'
  // the gateway and what stands behind it
  | 'store-unavailable'
  | 'issuer-unavailable'
  | 'trail-unavailable'
  | 'shutting-down'
  | 'upstream-unreachable'
  | 'upstream-exited'
  | 'upstream-timeout'
  | 'upstream-invalid'
  | 'upstream-too-large'
  | 'caller-gone'
  | 'internal';

/** A refusal and what its answer needs. `detail` goes to the trail and the log only. */
export interface Refusal {
  readonly reason: Reason;
  /** What the caller is told of instead: for what is hidden, what would be said of a name that is not there. */
  readonly shownAs?: Reason;
  /** Exact JSON text of the request's id, where the body was sound enough to have one. */
  readonly id?: string;
  /** All scopes the operation needs, for the challenge. */
  readonly scopes?: readonly string[];
  readonly retryAfterSeconds?: number;
  /** Methods for the Allow header. */
  readonly allow?: readonly string[];
  /** Protocol versions, for `version-unsupported`. */
  readonly supported?: readonly string[];
  readonly requested?: string;
  /** What did not match, in the gateway's own words, with no text of the caller in it. */
  readonly detail?: string;
  /** With `proof-nonce`: what the next proof must carry (RFC 9449 §9). */
  readonly nonce?: string;
}

export function refuse(reason: Reason, more: Omit<Refusal, 'reason'> = {}): Refusal {
  return { reason, ...more };
}
