import type { IssuerPreset } from '../preset.ts';

/** authentik. An access token is an ID token with `azp` and `uid` besides, so the client is what tells them apart. */
export const authentik: IssuerPreset = {
  title: 'authentik',
  remark: 'tokens are for the client, so `clients` is a must; groups by `scopes.map`',
  example: 'https://id.example.com/application/o/SLUG/',
  needs: ['clients'],
  boundToClients: true,
  types: ['at+jwt', 'JWT'],
  scopeClaims: ['scope'],
};
