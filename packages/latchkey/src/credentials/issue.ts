import { LatchkeyError } from '../core/error.ts';
import type { Secret } from '../core/secret.ts';
import type { CredentialRecord, CredentialStore, NewCredential } from '../core/store.ts';
import type { MintedCredential } from '../core/token-format.ts';

/** A credential that is to be made; all of it checked. */
export type Grant = Omit<NewCredential, 'hash' | 'hint' | 'expiresAt'> & {
  /** Null for a key that never ends. */
  readonly ttlMs: number | null;
};

export interface Making {
  readonly mint: (prefix: string) => MintedCredential;
  readonly prefix: string;
  readonly now: number;
}

/** A credential just made: `secret` is shown once and kept nowhere. */
export interface Issued {
  readonly secret: Secret;
  readonly record: CredentialRecord;
}

/** Makes a token or key. Throws E_NAME_TAKEN while another one of that name lives. */
export async function issueCredential(
  store: Pick<CredentialStore, 'create'>,
  { ttlMs, ...grant }: Grant,
  { mint, prefix, now }: Making,
): Promise<Issued> {
  const { secret, hash, hint } = mint(prefix);
  const record = await store.create({ ...grant, expiresAt: ttlMs === null ? null : now + ttlMs, hash, hint }, now);
  if (record !== 'name-taken') return { secret, record };
  const { kind, name } = grant;
  throw new LatchkeyError('E_NAME_TAKEN', `There is a ${kind} "${name}" already.`, {
    hint: `Choose another name, or end that one: \`latchkey ${kind} revoke\`${kind === 'token' ? ', or replace it: `latchkey token rotate`' : ''}.`,
  });
}
