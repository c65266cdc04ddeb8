import type { IssuerPreset } from '../preset.ts';

/** Amazon Cognito user pools. Without resource binding an access token has no `aud`. */
export const cognito: IssuerPreset = {
  title: 'Amazon Cognito',
  remark:
    'resource binding (Essentials or Plus), or `audience` with the app clients; groups by `scopes.map` of `cognito:groups`',
  example: 'https://cognito-idp.REGION.amazonaws.com/POOL',
  algorithms: ['RS256'],
  types: ['none'],
  audienceClaim: 'client_id',
  require: { token_use: 'access' },
  scopeClaims: ['scope'],
};
