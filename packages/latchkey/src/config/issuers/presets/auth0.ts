import type { IssuerPreset } from '../preset.ts';

/** Auth0. Without an audience it gives opaque tokens for its own user-info endpoint. */
export const auth0: IssuerPreset = {
  title: 'Auth0',
  remark: 'wants the Resource Parameter Compatibility Profile, or `audience` by the authorization proxy',
  example: 'https://TENANT.eu.auth0.com/',
  algorithms: ['RS256', 'PS256'],
  // The default profile of an API is typed JWT; its ID tokens are too, but for a client.
  types: ['at+jwt', 'JWT'],
  // With the scope openid it adds its own user-info endpoint.
  foreignAudiences: true,
  scopeClaims: ['scope'],
  addParameters: { audience: '{audience}' },
};
