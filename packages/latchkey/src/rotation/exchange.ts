import type { Secret } from '../core/secret.ts';
import type { CredentialRecord, CredentialStore } from '../core/store.ts';
import type { MintedCredential } from '../core/token-format.ts';
import { prefixOfHint } from '../core/token-format.ts';

export interface ExchangeOptions {
  readonly graceMs: number;
  /** The longest life a successor may have. Its own bound is the length of its predecessor's life. */
  readonly ttlMs: number;
  readonly now: number;
  readonly mint: (prefix: string) => MintedCredential;
}

export type ExchangeOutcome =
  | {
      readonly kind: 'rotated';
      readonly token: Secret;
      readonly name: string;
      readonly scopes: readonly string[];
      readonly expiresAt: number;
    }
  | { readonly kind: 'refused'; readonly reason: 'absent' | 'revoked' | 'expired' | 'already-rotated' | 'is-a-key' };

/**
 * Gives the holder of a live token, named by its digest, the successor. It has the same rights and a life no longer than
 * the predecessor was made with; the predecessor ends after the grace. Of several concurrent calls one wins.
 */
export async function exchangeCredential(
  store: Pick<CredentialStore, 'findByHash' | 'rotate'>,
  hash: string,
  options: ExchangeOptions,
): Promise<ExchangeOutcome> {
  const found = await store.findByHash(hash);
  if (found === null) return { kind: 'refused', reason: 'absent' };
  if (found.kind !== 'token') return { kind: 'refused', reason: 'is-a-key' };
  const minted = options.mint(prefixOfHint(found.hint));
  const expiresAt = options.now + Math.min(options.ttlMs, lengthOf(found));
  const successor = { hash: minted.hash, hint: minted.hint, expiresAt };
  const outcome = await store.rotate({ hash }, successor, options.graceMs, options.now);
  if (outcome.kind !== 'rotated') return { kind: 'refused', reason: outcome.kind };
  const { name, scopes } = outcome.successor;
  return { kind: 'rotated', token: minted.secret, name, scopes, expiresAt };
}

function lengthOf({ createdAt, expiresAt }: CredentialRecord): number {
  return expiresAt === null ? Infinity : expiresAt - createdAt;
}
