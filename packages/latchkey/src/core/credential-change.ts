import type { CredentialRecord } from './store.ts';
import type { UnsignedChange } from './trail.ts';

interface CredentialChange {
  readonly at: number;
  readonly verb: 'create' | 'rotate' | 'deliver' | 'revoke';
  /** The credential that was made, delivered or, for `revoke`, the newest that ended. */
  readonly subject: CredentialRecord;
  /** Ids of those whose end this sets. */
  readonly ended: readonly string[];
}

/** A change of credentials for the trail: ids, rights and end, and nothing by which the credential could be told or guessed. */
export function toCredentialChange({ at, verb, subject, ended }: CredentialChange): UnsignedChange {
  const { id, family, kind, name, owner, scopes, servers, expiresAt } = subject;
  const ends = expiresAt === null ? null : new Date(expiresAt).toISOString();
  return {
    at,
    method: `${kind} ${verb}`,
    target: name,
    server: null,
    change: { id, family, owner, scopes, servers, expiresAt: ends, ended },
  };
}
