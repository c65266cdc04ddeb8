import type { IssuerPreset } from '../preset.ts';

/** Microsoft Entra ID, tokens of version 2. */
export const entra: IssuerPreset = {
  title: 'Microsoft Entra ID',
  remark:
    'refuses `resource`, wants `api://ID/` before scopes, does not say that it takes PKCE: clients go through the authorization proxy',
  example: 'https://login.microsoftonline.com/TENANT/v2.0',
  needs: ['audience'],
  algorithms: ['RS256'],
  types: ['JWT'],
  // An ID token of the same application has the same audience, and no `azpacr`.
  require: { ver: '2.0', azpacr: ['0', '1', '2'] },
  scopeClaims: ['scp', 'roles'],
  dropParameters: ['resource'],
  scopePrefix: 'api://{audience}/',
  supports: { code_challenge_methods_supported: ['S256'] },
};
