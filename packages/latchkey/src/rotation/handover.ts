import type { Secret } from '../core/secret.ts';

/** A new token on its way to whoever uses it. */
export interface Handover {
  readonly name: string;
  readonly token: Secret;
  /** Epoch milliseconds; null for no end. */
  readonly expiresAt: number | null;
}

/** A delivery that failed, in words that may be shown. */
export class DeliveryFailure extends Error {}

/** What is delivered, as JSON: `{"name","token","expiresAt"}` with an RFC 3339 time. */
export function toDelivery({ name, token, expiresAt }: Handover) {
  return { name, token: token.reveal(), expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}
