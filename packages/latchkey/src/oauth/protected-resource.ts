/** What protected resource metadata (RFC 9728 §2) says of one server. */
export interface ProtectedResource {
  readonly resource: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Issuer identifiers; none where no issuer's tokens are taken. */
  readonly authorizationServers: readonly string[];
}

/** The metadata document's JSON text. Empty members are left out, as RFC 9728 §2 asks. */
export function protectedResourceMetadata({ resource, name, scopes, authorizationServers }: ProtectedResource): string {
  return JSON.stringify({
    resource,
    resource_name: name,
    ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  });
}
