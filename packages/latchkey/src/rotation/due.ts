import type { CredentialRecord } from '../core/store.ts';

export interface Schedule {
  readonly everyMs: number;
  readonly graceMs: number;
}

/**
 * When that token is to be replaced: at the age of `everyMs`, and in any case so long before its end that it has a grace
 * (or, where its life is shorter than two graces, at half its life).
 */
export function dueAt({ createdAt, expiresAt }: CredentialRecord, { everyMs, graceMs }: Schedule): number {
  const byAge = createdAt + everyMs;
  if (expiresAt === null) return byAge;
  return Math.min(byAge, expiresAt - Math.min(graceMs, (expiresAt - createdAt) / 2));
}
