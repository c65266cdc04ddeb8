import type { IssuerPreset } from '../preset.ts';

/** Okta, a custom authorization server. The tokens of the org authorization server are for Okta alone. */
export const okta: IssuerPreset = {
  title: 'Okta',
  remark: 'a custom authorization server, whose audience is the URL of the server; scopes in `scp`',
  example: 'https://ORG.okta.com/oauth2/default',
  algorithms: ['RS256'],
  types: ['at+jwt', 'none'],
  scopeClaims: ['scp'],
};
