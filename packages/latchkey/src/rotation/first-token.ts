import type { Secret } from '../core/secret.ts';
import type { CredentialStore } from '../core/store.ts';
import type { MintedCredential } from '../core/token-format.ts';

export interface FirstToken {
  readonly secret: Secret;
  readonly name: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

interface FirstTokenOptions {
  readonly prefix: string;
  readonly ttlMs: number;
  readonly mint: (prefix: string) => MintedCredential;
  readonly now: number;
}

/** Makes the token `default`, with every scope, where the store has no credential that still works; else null. */
export async function issueFirstToken(
  credentials: Pick<CredentialStore, 'create' | 'list'>,
  { prefix, ttlMs, mint, now }: FirstTokenOptions,
): Promise<FirstToken | null> {
  const all = [...(await credentials.list('token')), ...(await credentials.list('key'))];
  const alive = all.some(({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || expiresAt > now));
  if (alive) return null;
  const { secret, hash, hint } = mint(prefix);
  const expiresAt = now + ttlMs;
  const token = {
    kind: 'token',
    name: 'default',
    owner: null,
    scopes: ['*'],
    servers: null,
    expiresAt,
    hash,
    hint,
  } as const;
  const made = await credentials.create(token, now);
  // Another process was quicker: then there is a credential.
  return made === 'name-taken' ? null : { secret, name: token.name, expiresAt };
}
