import { isLive } from '../core/credential-life.ts';
import type { Secret } from '../core/secret.ts';
import type { CredentialStore } from '../core/store.ts';
import type { MintedCredential } from '../core/token-format.ts';

export interface FirstToken {
  readonly id: string;
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
  /** Whether somebody waits for `default` to be handed over again and again. */
  readonly rotated: boolean;
}

/**
 * Makes the token `default`, with every scope, where the store has no credential that still works; else null. Where it is
 * rotated, it is made beside others too, unless the last one was revoked.
 */
export async function issueFirstToken(
  credentials: Pick<CredentialStore, 'create' | 'list' | 'findByName'>,
  { prefix, ttlMs, mint, now, rotated }: FirstTokenOptions,
): Promise<FirstToken | null> {
  const all = [...(await credentials.list('token')), ...(await credentials.list('key'))];
  const alive = all.some((each) => isLive(each, now));
  if (alive && !(rotated && (await isMissing(credentials, now)))) return null;
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
  return made === 'name-taken' ? null : { id: made.id, secret, name: token.name, expiresAt };
}

/** Whether there is no `default` that works, and nobody wanted that. */
async function isMissing(credentials: Pick<CredentialStore, 'findByName'>, now: number): Promise<boolean> {
  const last = await credentials.findByName('token', 'default');
  return last === null || (last.revokedAt === null && !isLive(last, now));
}
