import { LatchkeyError } from '../../core/error.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { createAnonymous, type Principal } from '../../core/principal.ts';
import { listScopes, toDistance, toDocument, type CredentialDocument } from '../../credentials/describe.ts';
import { findCredentials } from '../../credentials/find.ts';
import type { HeldReason } from '../../compose-store.ts';
import { withStore } from '../credential/settings.ts';

/** Whose calls are judged. */
export interface Holder {
  readonly principal: Principal;
  /** What the store keeps of its credential, which is not the credential itself; null for nobody in particular. */
  readonly document: CredentialDocument | null;
  /** Why that server does not let it in; null where it does. */
  refusalAt(server: string): HeldReason | null;
}

/** Somebody with these scopes. */
export function createStranger(scopes: readonly string[]): Holder {
  return { principal: createAnonymous(scopes), document: null, refusalAt: () => null };
}

/** The holder of the newest token or key of a name, as `token:alice`. Throws E_USAGE or E_CREDENTIAL_ABSENT. */
export async function findHolder(given: string, store: string): Promise<Holder> {
  const [, kind, name = ''] = /^(token|key):(.+)$/su.exec(given) ?? [];
  if (kind !== 'token' && kind !== 'key') {
    throw new LatchkeyError('E_USAGE', '--as names no token or key.', { hint: 'for example: --as token:alice' });
  }
  const now = Date.now();
  const { judgeHeld, toHeld } = await import('../../compose-store.ts');
  const [record] = await withStore({ store }, ({ credentials }) => findCredentials(credentials, { kind, name }));
  if (record === undefined) throw new TypeError('a name was found without a credential');
  const held = toHeld(record);
  return {
    principal: held.principal,
    document: toDocument(record, now),
    refusalAt: (server) => judgeHeld(held, server, now),
  };
}

/** One line of what a holder is. */
export function describeHolder({ kind, name, status, expiresAt, scopes, servers }: CredentialDocument): string {
  const end = expiresAt === null ? 'never ends' : toEnd(Date.parse(expiresAt));
  return `${kind} ${toPlainText(name)}, ${status}, ${end}, scopes ${listScopes(scopes)}, servers ${servers?.join(' ') ?? 'all'}`;
}

function toEnd(at: number): string {
  const now = Date.now();
  return `${at > now ? 'ends' : 'ended'} ${toDistance(at, now)}`;
}
