import type { IssuerPreset } from '../preset.ts';

/** An issuer with RFC 8414 or OpenID Connect metadata and RFC 9068 access tokens. */
export const oidc: IssuerPreset = {
  title: 'any other',
  remark: 'metadata, key set, `typ: at+jwt`, `aud` the URL of the server',
  example: 'https://id.example.com',
};
