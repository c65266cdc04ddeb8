import type { Principal } from '../core/principal.ts';
import type { Secret } from '../core/secret.ts';

/** Who is asking, as handlers of the official MCP SDKs are told; letter for letter their type, which programs use beside ours. */
export interface AuthInfo {
  /** `[redacted]`, unless it was asked for. */
  token: string;
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch; absent for what never ends. */
  expiresAt?: number;
  resource?: URL;
  extra?: Record<string, unknown>;
}

/** The same of a caller who was let in. */
export interface KnownAuthInfo extends AuthInfo {
  extra: { principal: Principal };
}

/**
 * What MCP SDK handlers get as `authInfo` (`AuthInfo` of both lines of the SDK). The token itself is in it only where it
 * is given here, since what handlers are told ends up in logs.
 */
export function toAuthInfo(
  principal: Principal,
  { token, resource }: { readonly token?: Secret; readonly resource?: URL } = {},
): KnownAuthInfo {
  const { id, client, expiresAt } = principal;
  const text = token === undefined ? '[redacted]' : token.reveal();
  const clientId = client ?? id;
  const scopes = [...principal.scopes];
  const extra = { principal };
  // Each request has one: a member that is added afterwards costs as much as all of the others.
  const info: KnownAuthInfo =
    expiresAt === null
      ? { token: text, clientId, scopes, extra }
      : { token: text, clientId, scopes, expiresAt: Math.floor(expiresAt / 1000), extra };
  if (resource !== undefined) info.resource = resource;
  return info;
}
