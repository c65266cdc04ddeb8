import type { IssuerPreset } from './preset.ts';

/** What is known of products, by the name in `preset`. */
export const PRESETS = {
  // The presets follow, each a file of its own.
  oidc: {} as IssuerPreset,
} as const satisfies Record<string, IssuerPreset>;
