import type { CredentialRecord, CredentialStore } from '../core/store.ts';
import { absent } from './describe.ts';

/** Every credential of that name, the newest first: what lives and what lived. Throws E_CREDENTIAL_ABSENT. */
export async function findCredentials(
  store: Pick<CredentialStore, 'list'>,
  { kind, name }: { readonly kind: 'token' | 'key'; readonly name: string },
): Promise<readonly CredentialRecord[]> {
  const all = await store.list(kind);
  const found = all.filter((record) => record.name === name.normalize('NFC')).toReversed();
  if (found.length === 0) throw absent(kind, name, all);
  return found;
}
