/** The scope that no rule asks for by name: its holder passes every scope requirement. Rules that deny still deny. */
export const EVERY_SCOPE = '*';

/** Who a credential proved its caller to be. `id` outlives rotation and token refresh, so sessions are bound to it. */
export interface Principal {
  readonly id: string;
  readonly kind: 'token' | 'key' | 'static' | 'anonymous' | 'jwt' | 'introspected' | 'userinfo';
  /** The name people gave the credential; for the trail and for error texts of the operator, never for decisions. */
  readonly name: string;
  /** The OAuth client that holds the credential, where there is one. */
  readonly client: string | null;
  readonly scopes: ReadonlySet<string>;
  /** Names of the servers the credential was made for; null means every server of this gateway. */
  readonly servers: ReadonlySet<string> | null;
  /** Epoch milliseconds; null means no end. */
  readonly expiresAt: number | null;
  /** The stored credential that was presented; null where none is stored. Revoking it ends the principal's streams. */
  readonly credentialId: string | null;
  /** Identifier of the foreign issuer that vouches for the caller; null for this gateway's own credentials. */
  readonly issuer: string | null;
  /** Who the caller is at that issuer (`sub`), as it says; may hold any character. Null without an issuer. */
  readonly subject: string | null;
  /** RFC 9449 §6.1: SHA-256 thumbprint of the key that the credential is bound to; null for a bearer credential. */
  readonly keyThumbprint: string | null;
}

/** The caller who presented nothing, with the scopes the operator gives to strangers. */
export function createAnonymous(scopes: Iterable<string>): Principal {
  return Object.freeze({
    id: 'anonymous',
    kind: 'anonymous',
    name: 'anonymous',
    client: null,
    scopes: new Set(scopes),
    servers: null,
    expiresAt: null,
    credentialId: null,
    issuer: null,
    subject: null,
    keyThumbprint: null,
  });
}

/** Whose a session is: the same for every credential of a principal. */
export function ownerOf(principal: Principal): string {
  return `${principal.id}\0${principal.client ?? ''}`;
}
