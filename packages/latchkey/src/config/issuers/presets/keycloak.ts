import type { IssuerPreset } from '../preset.ts';

/** Keycloak 26. Ignores `resource`, so an audience mapper says what a token is for. */
export const keycloak: IssuerPreset = {
  title: 'Keycloak',
  remark: 'an audience mapper; roles by `scopes.map` of `realm_access.roles`',
  example: 'https://id.example.com/realms/REALM',
  types: ['at+jwt', 'JWT'],
  // In the claims, not the header: ID, Refresh and Logout are what its other tokens say.
  require: { typ: ['Bearer', 'DPoP'] },
  scopeClaims: ['scope'],
};
