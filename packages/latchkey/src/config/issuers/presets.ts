import type { IssuerPreset } from './preset.ts';
import { auth0 } from './presets/auth0.ts';
import { authentik } from './presets/authentik.ts';
import { cognito } from './presets/cognito.ts';
import { descope } from './presets/descope.ts';
import { entra } from './presets/entra.ts';
import { github } from './presets/github.ts';
import { google } from './presets/google.ts';
import { keycloak } from './presets/keycloak.ts';
import { oidc } from './presets/oidc.ts';
import { okta } from './presets/okta.ts';
import { workos } from './presets/workos.ts';
import { zitadel } from './presets/zitadel.ts';

/** What is known of products, by the name in `preset`. */
export const PRESETS = {
  auth0,
  authentik,
  cognito,
  descope,
  entra,
  github,
  google,
  keycloak,
  oidc,
  okta,
  workos,
  zitadel,
} as const satisfies Record<string, IssuerPreset>;
