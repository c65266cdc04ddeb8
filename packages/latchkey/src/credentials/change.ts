import type { Secret } from '../core/secret.ts';
import type { CredentialRecord, CredentialStore } from '../core/store.ts';
import { absent, dead } from './describe.ts';
import type { Making } from './issue.ts';

export interface RotateTokenOptions {
  readonly name: string;
  /** How long the replaced token still works. */
  readonly graceMs: number;
  /** How long the successor lives; null: as long as its predecessor did. */
  readonly ttlMs: number | null;
  /** The same where the predecessor had no end. */
  readonly defaultTtlMs: number;
}

export interface Rotated {
  /** Of the successor; it is shown once and kept nowhere. */
  readonly secret: Secret;
  readonly successor: CredentialRecord;
  readonly predecessor: CredentialRecord;
}

/** Issues the successor of a token and ends the old one after the grace. Throws E_CREDENTIAL_ABSENT or E_CREDENTIAL_DEAD. */
export async function rotateToken(
  store: CredentialStore,
  { name, graceMs, ttlMs, defaultTtlMs }: RotateTokenOptions,
  { mint, prefix, now }: Making,
): Promise<Rotated> {
  const found = await findNewest(store, 'token', name);
  const { secret, hash, hint } = mint(prefix);
  const lifeMs = ttlMs ?? (found.expiresAt === null ? defaultTtlMs : found.expiresAt - found.createdAt);
  const successor = { hash, hint, expiresAt: now + lifeMs };
  const outcome = await store.rotate({ kind: 'token', name }, successor, graceMs, now);
  if (outcome.kind !== 'rotated') throw dead(found, now);
  return { secret, successor: outcome.successor, predecessor: outcome.predecessor };
}

/**
 * Ends the credential and every predecessor still in its grace, at once; returns those that lived until now. Throws
 * E_CREDENTIAL_ABSENT or E_CREDENTIAL_DEAD.
 */
export async function revokeCredential(
  store: CredentialStore,
  { kind, name }: { readonly kind: 'token' | 'key'; readonly name: string },
  now: number,
): Promise<readonly CredentialRecord[]> {
  const found = await findNewest(store, kind, name);
  const revoked = await store.revoke({ kind, name }, now);
  if (revoked.length === 0) throw dead(found, now);
  return revoked;
}

async function findNewest(store: CredentialStore, kind: 'token' | 'key', name: string): Promise<CredentialRecord> {
  const found = await store.findByName(kind, name);
  if (found === null) throw absent(kind, name, await store.list(kind));
  return found;
}
