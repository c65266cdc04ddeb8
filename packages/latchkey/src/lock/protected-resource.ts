/** Before the path of a resource: where its metadata are (RFC 9728 §3.1). */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** What protected resource metadata (RFC 9728 §2) says of one server. */
export interface ProtectedResource {
  readonly resource: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Issuer identifiers; none where no issuer's tokens are taken. */
  readonly authorizationServers: readonly string[];
  /** What is asked of tokens that are bound to a key (RFC 9449); null where none are taken. */
  readonly proofs: { readonly algorithms: readonly string[]; readonly required: boolean } | null;
}

/** The metadata document's JSON text. Empty members are left out, as RFC 9728 §2 asks. */
export function protectedResourceMetadata({
  resource,
  name,
  scopes,
  authorizationServers,
  proofs,
}: ProtectedResource): string {
  return JSON.stringify({
    resource,
    resource_name: name,
    ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: proofs?.algorithms,
    // JSON has no undefined: it is left out.
    dpop_bound_access_tokens_required: proofs?.required === true ? true : undefined,
  });
}
