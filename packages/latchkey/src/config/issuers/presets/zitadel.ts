import type { IssuerPreset } from '../preset.ts';

/** Zitadel. Tokens are for clients and projects, whose ids are numbers. */
export const zitadel: IssuerPreset = {
  title: 'Zitadel',
  remark: '`audience` is the project; roles by `scopes.map` of `urn:zitadel:iam:org:project:roles`',
  example: 'https://INSTANCE.zitadel.cloud',
  needs: ['audience'],
  types: ['at+jwt', 'JWT'],
  // Every client of the project is among them.
  foreignAudiences: true,
  scopeClaims: ['scope'],
};
