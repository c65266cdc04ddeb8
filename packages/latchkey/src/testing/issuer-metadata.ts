/** What an issuer says of itself (RFC 8414 §2, OpenID Connect Discovery 1.0 §3); its endpoints are at the origin. */
export function toIssuerMetadata(issuer: string, origin: string, algorithms: readonly string[]): object {
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    introspection_endpoint: `${origin}/introspect`,
    userinfo_endpoint: `${origin}/userinfo`,
    jwks_uri: `${origin}/jwks`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  };
}

/** Where it says so, which is three places for an issuer with a path. */
export function toMetadataPaths(path: string): readonly string[] {
  const names = ['oauth-authorization-server', 'openid-configuration'];
  return [...names.map((name) => `/.well-known/${name}${path}`), `${path}/.well-known/openid-configuration`];
}
