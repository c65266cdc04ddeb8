import { isExpired } from '../core/credential-life.ts';
import type { CredentialRecord, NewCredential, RotateOutcome, Successor } from '../core/store.ts';

/** Why a credential cannot be rotated, of several reasons the first; null when nothing is against it. */
export function findObstacle(
  found: CredentialRecord | null,
  now: number,
): Exclude<RotateOutcome['kind'], 'rotated'> | null {
  if (found === null) return 'absent';
  if (found.revokedAt !== null) return 'revoked';
  if (found.rotatedAt !== null) return 'already-rotated';
  return isExpired(found, now) ? 'expired' : null;
}

/** The successor with the name and the rights of its predecessor. */
export function toNewCredential(predecessor: CredentialRecord, successor: Successor): NewCredential & Successor {
  const { kind, name, owner, scopes, servers } = predecessor;
  return { kind, name, owner, scopes, servers, ...successor };
}
