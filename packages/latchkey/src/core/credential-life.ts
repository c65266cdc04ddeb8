import type { CredentialRecord } from './store.ts';

/** Whether it has come to its end by itself, at `now` (epoch milliseconds). */
export function isExpired({ expiresAt }: Pick<CredentialRecord, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** Whether it lets its holder in: neither revoked nor expired. */
export function isLive(record: Pick<CredentialRecord, 'expiresAt' | 'revokedAt'>, now: number): boolean {
  return record.revokedAt === null && !isExpired(record, now);
}
