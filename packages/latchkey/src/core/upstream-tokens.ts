import type { Refusal } from './reason.ts';
import type { Secret } from './secret.ts';
import type { Forwardable } from './upstream.ts';

/** Who a request to an upstream is for, and with what that caller came in. */
export type Asker = Pick<Forwardable, 'principal' | 'subject'>;

/**
 * Access tokens that the gateway gets itself and sends to one upstream (OAuth 2.1 §4.2, RFC 8693). Nothing here throws
 * or rejects; a refusal says why there is no token, and then nothing may be sent.
 */
export interface UpstreamTokens {
  /** Whether a caller's own credential is exchanged, and so must be in `subject`. */
  readonly ofCallers: boolean;
  /** The token for that caller's request: without a promise where one is at hand. `now` is epoch milliseconds. */
  find(asker: Asker, now: number): Secret | Refusal | Promise<Secret | Refusal>;
  /** The upstream did not take this token: another one, or null where one may not be asked for so soon. */
  replace(refused: Secret, asker: Asker, now: number): Secret | Refusal | Promise<Secret | Refusal> | null;
  /** The gateway's own token if it is at hand, for what no caller asks; else null. */
  own(now: number): Secret | null;
}
