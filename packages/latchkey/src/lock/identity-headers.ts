import { encodeHeaderValue } from '../core/mcp-header.ts';
import type { Principal } from '../core/principal.ts';

/** Lower-case names of the headers that tell a server behind a proxy who asks. */
export const IDENTITY_HEADERS: readonly string[] = ['latchkey-principal', 'latchkey-client', 'latchkey-scopes'];

/**
 * Who asks, as [name, value, …]: the principal's id, the OAuth client, and the scopes parted by spaces. Every header is
 * there, if only with an empty value: a proxy that copies what it finds would leave a caller's own in place of a missing
 * one. A value that no header can carry stands in base64, as in `Mcp-Name`.
 */
export function toIdentityHeaders({ id, client, scopes }: Principal): readonly string[] {
  const values = [id, client ?? '', [...scopes].join(' ')];
  return IDENTITY_HEADERS.flatMap((name, i) => [name, values[i] === '' ? '' : encodeHeaderValue(values[i] as string)]);
}
