import type { Principal } from '../core/principal.ts';
import type { Secret } from '../core/secret.ts';
import type { Asker } from '../core/upstream-tokens.ts';
import type { Exchange } from './exchange.ts';

/** What of a caller's credential may go on: this gateway's own credentials mean nothing to anybody else. */
export function subjectOf(subject: Secret | null, principal: Principal): Secret | null {
  return principal.issuer === null ? null : subject;
}

export function toAsker({ subject }: Exchange, principal: Principal): Asker {
  return { principal, subject: subjectOf(subject, principal) };
}
