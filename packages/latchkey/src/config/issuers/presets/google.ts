import type { IssuerPreset } from '../preset.ts';

/** Google. Its access tokens are opaque and for its own APIs, so only the client they were made for is a bound. */
export const google: IssuerPreset = {
  title: 'Google',
  remark: 'opaque tokens, looked up at `tokeninfo`; anybody has an account, so `clients` is a must',
  issuer: 'https://accounts.google.com',
  example: 'https://accounts.google.com',
  needs: ['clients', 'lookup'],
  boundToClients: true,
  audienceClaim: 'client_id',
  types: [],
  scopeClaims: [],
  tokenPrefixes: ['ya29.'],
  lookup: 'google',
  introspectionUrl: 'https://oauth2.googleapis.com/tokeninfo',
  userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
  dropParameters: ['resource'],
};
