import { isExpired } from '../core/credential-life.ts';
import type { Principal } from '../core/principal.ts';
import type { CredentialRecord } from '../core/store.ts';
import { NO_SERVER, type CredentialReason } from '../core/verifier.ts';

/** Why a credential that is known lets nobody in. */
export type HeldReason = Extract<CredentialReason, `credential-${'revoked' | 'expired' | 'audience'}`>;

/** A stored credential in the hands of whom it was made for. */
export interface Held {
  readonly principal: Principal;
  readonly revoked: boolean;
}

export function toHeld(record: CredentialRecord): Held {
  return { principal: toPrincipal(record), revoked: record.revokedAt !== null };
}

/** Why a credential does not let its holder in, or null when it does. */
export function judgeHeld({ principal, revoked }: Held, server: string, now: number): HeldReason | null {
  if (revoked) return 'credential-revoked';
  if (isExpired(principal, now)) return 'credential-expired';
  if (server === NO_SERVER || principal.servers === null || principal.servers.has(server)) return null;
  return 'credential-audience';
}

function toPrincipal(record: CredentialRecord): Principal {
  return Object.freeze({
    id: `${record.kind}:${record.family}`,
    kind: record.kind,
    name: record.name,
    client: null,
    scopes: new Set(record.scopes),
    servers: record.servers && new Set(record.servers),
    expiresAt: record.expiresAt,
    credentialId: record.id,
    issuer: null,
    subject: null,
    keyThumbprint: null,
  });
}
