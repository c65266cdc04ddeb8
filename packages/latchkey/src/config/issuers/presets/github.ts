import type { IssuerPreset } from '../preset.ts';

/** GitHub. Its tokens are opaque; it says to an application itself whether a token is one of its own. */
export const github: IssuerPreset = {
  title: 'GitHub',
  remark: 'opaque tokens, which GitHub checks for the application they were made for; anybody has an account',
  issuer: 'https://github.com/login/oauth',
  example: 'https://github.com/login/oauth',
  needs: ['client', 'lookup'],
  boundToClients: true,
  audienceClaim: 'client_id',
  types: [],
  scopeClaims: [],
  tokenPrefixes: ['gho_', 'ghu_'],
  lookup: 'github',
  introspectionUrl: 'https://api.github.com/applications',
  userinfoUrl: 'https://api.github.com/user',
  metadata: {
    issuer: 'https://github.com/login/oauth',
    authorization_endpoint: 'https://github.com/login/oauth/authorize',
    token_endpoint: 'https://github.com/login/oauth/access_token',
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
  },
};
