import type { Principal } from '../core/principal.ts';
import type { Secret } from '../core/secret.ts';

/** Who is asking, as handlers of the official MCP SDKs are told. */
export interface AuthInfo {
  /** `[redacted]`, unless it was asked for. */
  token: string;
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch; absent for what never ends. */
  expiresAt?: number;
  resource?: URL;
  extra: { principal: Principal };
}

/**
 * What MCP SDK handlers get as `authInfo` (`AuthInfo` of both lines of the SDK). The token itself is in it only where it
 * is given here, since what handlers are told ends up in logs.
 */
export function toAuthInfo(
  principal: Principal,
  { token, resource }: { readonly token?: Secret; readonly resource?: URL } = {},
): AuthInfo {
  const { id, client, scopes, expiresAt } = principal;
  return {
    token: token === undefined ? '[redacted]' : token.reveal(),
    clientId: client ?? id,
    scopes: [...scopes],
    ...(expiresAt === null ? {} : { expiresAt: Math.floor(expiresAt / 1000) }),
    ...(resource === undefined ? {} : { resource }),
    extra: { principal },
  };
}
