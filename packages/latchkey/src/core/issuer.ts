import type { Secret } from './secret.ts';

/** What the claims of every token of a foreign issuer are held against, however they were learnt. */
export interface IssuerRules {
  /** The operator's name for it: part of principal ids, and what people see. */
  readonly name: string;
  /** The issuer identifier, compared byte for byte (RFC 8414 §2, RFC 9068 §4). */
  readonly issuer: string;
  /** Audiences that a token may be for; null: only the resource that is asked (RFC 8707, RFC 9068 §3). */
  readonly audiences: readonly string[] | null;
  /** Whether a token may name other audiences besides. */
  readonly foreignAudiences: boolean;
  /** Claim that stands for `aud` in tokens that have none, such as Cognito's `client_id`; without it those are refused. */
  readonly audienceClaim?: string;
  /** OAuth clients whose tokens are taken; null: any client. */
  readonly clients: readonly string[] | null;
  /** Claims that must have exactly this text, or one of these, such as Cognito's `token_use: access`. */
  readonly required: Readonly<Record<string, string | readonly string[]>>;
  readonly scopes: ScopeMapping;
}

/** Which scopes claims give. A claim is named by its key, or by a path of keys joined with dots. */
export interface ScopeMapping {
  /** What every token of the issuer gives; the operator's word, so `*` may be among them. */
  readonly always: readonly string[];
  /** Claims whose words, of a text, of a list or of an object's keys, are scopes as they stand; `*` never is. */
  readonly claims: readonly string[];
  /** By claim, then by a value of it: the scopes that this value gives. */
  readonly table: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** An issuer's own word on where its endpoints are (RFC 8414 §2, OpenID Connect Discovery 1.0 §3), checked to be its own. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly registrationEndpoint: string | null;
  readonly jwksUri: string | null;
  readonly introspectionEndpoint: string | null;
  readonly userinfoEndpoint: string | null;
  /** The whole document, as it was read. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * The issuer's metadata, fetched at first use and kept for a while. Rejects with an OutgoingError while it cannot be had;
 * asks the issuer at a bounded rate.
 */
export type LoadMetadata = (now: number) => Promise<IssuerMetadata>;

/** How this gateway proves at an issuer that it is its client (RFC 6749 §2.3, RFC 7523 §2.2). */
export interface ClientCredentials {
  readonly id: string;
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
  /** The secret, or for `private_key_jwt` the private key in PEM or as a JWK; null for `none`. */
  readonly secret: Secret | null;
}

/**
 * Adds the client's proof to a form that is about to be sent to `endpoint` of an issuer, and says which headers go with
 * it ([name, value, …]).
 */
export type AuthenticateClient = (
  form: URLSearchParams,
  to: { readonly issuer: string; readonly endpoint: string; readonly now: number },
) => Promise<readonly string[]>;
