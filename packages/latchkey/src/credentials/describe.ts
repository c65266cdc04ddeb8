import { isExpired } from '../core/credential-life.ts';
import { formatDuration } from '../core/format-duration.ts';
import { nearest } from '../core/nearest.ts';
import { LatchkeyError } from '../core/error.ts';
import type { CredentialRecord } from '../core/store.ts';
import { toPlainText } from '../core/plain-text.ts';

/** Whether a credential works; `in grace`: its successor does, and it does for a while yet. */
export type Status = 'active' | 'in grace' | 'expired' | 'revoked';

export function statusOf(record: CredentialRecord, now: number): Status {
  if (record.revokedAt !== null) return 'revoked';
  if (isExpired(record, now)) return 'expired';
  return record.rotatedAt === null ? 'active' : 'in grace';
}

/** A record as people and programs are shown it: everything but what belongs to the store alone. Times are RFC 3339. */
export interface CredentialDocument {
  readonly id: string;
  readonly name: string;
  readonly kind: 'token' | 'key';
  /** Keys only. */
  readonly owner?: string | null;
  readonly status: Status;
  readonly scopes: readonly string[];
  /** Null: every server. */
  readonly servers: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly rotatedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly uses: number;
  /** What it begins with. */
  readonly hint: string;
}

export function toDocument(record: CredentialRecord, now: number): CredentialDocument {
  const { id, name, kind, owner, scopes, servers, uses, hint } = record;
  return {
    id,
    name,
    kind,
    ...(kind === 'key' ? { owner } : {}),
    status: statusOf(record, now),
    scopes,
    servers,
    createdAt: toTime(record.createdAt),
    expiresAt: toTime(record.expiresAt),
    revokedAt: toTime(record.revokedAt),
    rotatedAt: toTime(record.rotatedAt),
    lastUsedAt: toTime(record.lastUsedAt),
    uses,
    hint,
  };
}

export function toTime(at: number): string;
export function toTime(at: number | null): string | null;
export function toTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** `in 23h`, `2d ago`, `never`. */
export function toDistance(at: number | null, now: number): string {
  if (at === null) return 'never';
  return at > now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`;
}

export function listScopes(scopes: readonly string[]): string {
  return scopes.includes('*') ? '* (everything)' : scopes.join(' ');
}

export function absent(kind: 'token' | 'key', name: string, known: readonly CredentialRecord[]): LatchkeyError {
  const near = nearest(name, [...new Set(known.map((record) => record.name))]);
  return new LatchkeyError('E_CREDENTIAL_ABSENT', `There is no ${kind} "${toPlainText(name)}".`, {
    hint: near === null ? `\`latchkey ${kind} list --all\` shows what there is.` : `Did you mean "${near}"?`,
  });
}

export function dead(record: CredentialRecord, now: number): LatchkeyError {
  const { kind, name } = record;
  const end = record.revokedAt ?? record.expiresAt;
  const how = record.revokedAt === null ? 'expired' : 'was revoked';
  return new LatchkeyError(
    'E_CREDENTIAL_DEAD',
    `The ${kind} "${name}" ${how} ${toDistance(end, now)}; it lets nobody in.`,
    {
      hint: `Make a new one: \`latchkey ${kind} create\`; the name is free.`,
    },
  );
}
