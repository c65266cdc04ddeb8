import type { CredentialRecord } from '../core/store.ts';

export interface Schedule {
  readonly everyMs: number;
  readonly graceMs: number;
  /** When a successor that was never delivered is given up. */
  readonly giveUpMs: number;
}

/** Whether that token is to be replaced now: also where a clock that was set back does not tell its age. */
export function isDue(token: CredentialRecord, schedule: Schedule, now: number): boolean {
  const { everyMs, giveUpMs } = schedule;
  const { createdAt, undelivered } = token;
  if (undelivered === true) return Math.abs(now - createdAt) >= giveUpMs;
  return createdAt - now > everyMs || dueAt(token, schedule) <= now;
}

/**
 * At the age of `everyMs`, and in any case so long before its end that it has a grace (or, where its life is shorter than
 * two graces, at half its life).
 */
function dueAt({ createdAt, expiresAt }: CredentialRecord, { everyMs, graceMs }: Schedule): number {
  const byAge = createdAt + everyMs;
  if (expiresAt === null) return byAge;
  return Math.min(byAge, expiresAt - Math.min(graceMs, (expiresAt - createdAt) / 2));
}
