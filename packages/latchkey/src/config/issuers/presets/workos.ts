import type { IssuerPreset } from '../preset.ts';

/** WorkOS AuthKit. */
export const workos: IssuerPreset = {
  title: 'WorkOS AuthKit',
  remark: 'the URL of the server among its resource indicators',
  example: 'https://SUBDOMAIN.authkit.app',
  algorithms: ['RS256'],
  types: ['at+jwt', 'JWT', 'none'],
  scopeClaims: ['scope'],
};
