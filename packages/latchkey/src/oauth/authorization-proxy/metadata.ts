import type { IssuerMetadata } from '../../core/issuer.ts';
import type { Rewriting } from './parameters.ts';

export interface Proxied {
  /** The issuer identifier that clients see. */
  readonly issuer: string;
  readonly rewriting: Rewriting;
  readonly supports: Readonly<Record<string, unknown>>;
}

/** Lists of the issuer's that hold for the proxy too, and which of their values do; null: all. */
const LISTS: Readonly<Record<string, readonly string[] | null>> = {
  response_modes_supported: null,
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  // A signed assertion or a proof of possession is for the issuer's own URL, which no client of the proxy would name.
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: null,
  subject_types_supported: null,
  id_token_signing_alg_values_supported: null,
};

/**
 * What clients are told instead of the issuer's metadata (RFC 8414 §2). RFC 9207's `iss` is not promised: it is the
 * issuer that answers the client, under its own name.
 */
export function proxiedMetadata(
  { document, registrationEndpoint, jwksUri }: IssuerMetadata,
  { issuer, rewriting, supports }: Proxied,
): Readonly<Record<string, unknown>> {
  const lists = Object.entries({ ...document, ...supports })
    .filter(([name]) => Object.hasOwn(LISTS, name))
    // Its scopes have a prefix that clients here leave out.
    .filter(([name]) => name !== 'scopes_supported' || rewriting.scopePrefix === '')
    .map(([name, value]) => [name, toTexts(value, LISTS[name] ?? null)] as const)
    .filter(([, list]) => list.length > 0);
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...(registrationEndpoint === null ? {} : { registration_endpoint: `${issuer}/register` }),
    ...(jwksUri === null ? {} : { jwks_uri: jwksUri }),
    response_types_supported: ['code'],
    ...Object.fromEntries(lists),
    ...(document['client_id_metadata_document_supported'] === true
      ? { client_id_metadata_document_supported: true }
      : {}),
  };
}

function toTexts(value: unknown, taken: readonly string[] | null): readonly string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.filter((each): each is string => typeof each === 'string');
  return taken === null ? texts : texts.filter((each) => taken.includes(each));
}
