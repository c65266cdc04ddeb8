import type { ClientCredentials, IssuerRules } from '../../core/issuer.ts';
import type { SecretSource } from '../source.ts';
import type { Settings } from '../schema.ts';
import type { IssuerPreset } from './preset.ts';
import { PRESETS } from './presets.ts';

/** One issuer with all that its preset knows. Paths are absolute. */
export interface IssuerConfig extends IssuerRules {
  readonly algorithms: readonly string[];
  /** `typ` of access tokens, lower case without `application/`; '' stands for none. */
  readonly types: readonly string[];
  /** Null: as its metadata say. */
  readonly jwks: { readonly url: string } | { readonly file: string } | null;
  readonly keysRefreshMs: number;
  readonly keysMaxAgeMs: number;
  readonly client: (Omit<ClientCredentials, 'secret'> & { readonly secret: SecretSource | null }) | null;
  /** How opaque tokens are asked about; null: not at all. `url` null: as its metadata say. */
  readonly lookup: {
    readonly by: 'introspection' | 'userinfo';
    readonly form: 'rfc7662' | 'github' | 'google';
    readonly url: string | null;
    /** JWTs too. */
    readonly always: boolean;
    readonly prefixes: readonly string[];
  } | null;
  /** Metadata of an issuer without discovery; null: it is discovered. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** What clients sign in through this gateway for; null: they go to the issuer. */
  readonly proxy: { readonly dropParameters: readonly string[] } | null;
  /** Absolute path of a PEM file; null: the built-in authorities. */
  readonly ca: string | null;
}

type Given = Settings['auth']['issuers'][string];

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** Fills in what the preset knows; what the file says wins. */
export function createIssuer(name: string, given: Given, absolute: (file: string) => string): IssuerConfig {
  const preset: IssuerPreset = given.preset === undefined ? {} : PRESETS[given.preset];
  const jwksUrl = given.jwks?.url ?? preset.jwksUrl;
  const types = given.types ?? preset.types ?? ['at+jwt'];
  return {
    name,
    issuer: given.issuer ?? preset.issuer ?? '',
    audiences: given.audience === undefined ? null : [given.audience].flat(),
    foreignAudiences: given.foreignAudiences || (preset.foreignAudiences ?? false),
    clients: given.clients ?? null,
    required: { ...preset.require, ...given.require },
    scopes: {
      always: given.scopes.always,
      claims: given.scopes.claims ?? preset.scopeClaims ?? ['scope', 'scp'],
      table: given.scopes.map,
    },
    algorithms: given.algorithms ?? preset.algorithms ?? ALGORITHMS,
    types: types.map((type) => (type === 'none' ? '' : type.toLowerCase())),
    jwks:
      given.jwks?.file !== undefined
        ? { file: absolute(given.jwks.file) }
        : jwksUrl === undefined
          ? null
          : { url: jwksUrl },
    keysRefreshMs: given.keysRefresh,
    keysMaxAgeMs: given.keysMaxAge,
    client: toClient(given.client, absolute),
    lookup: toLookup(given, preset),
    metadata: preset.metadata ?? null,
    proxy: toProxy(given, preset),
    ca: given.tls === undefined ? null : absolute(given.tls.ca),
  };
}

/** This gateway as a client of an issuer; null where none is given. */
export function toClient(client: Given['client'], absolute: (file: string) => string): IssuerConfig['client'] {
  if (client === undefined) return null;
  const { id, auth: method, secret } = client;
  if (secret === undefined) return { id, method, secret: null };
  return { id, method, secret: secret.file === undefined ? secret : { file: absolute(secret.file) } };
}

function toLookup({ introspection, userinfo, tokenPrefixes }: Given, preset: IssuerPreset): IssuerConfig['lookup'] {
  const prefixes = tokenPrefixes ?? preset.tokenPrefixes ?? [];
  const form = preset.lookup ?? 'rfc7662';
  if (introspection !== false) {
    const { url, always } = introspection === true ? { url: undefined, always: false } : introspection;
    return { by: 'introspection', form, url: url ?? preset.introspectionUrl ?? null, always, prefixes };
  }
  if (userinfo === undefined) return null;
  return { by: 'userinfo', form, url: userinfo.url ?? preset.userinfoUrl ?? null, always: false, prefixes };
}

function toProxy({ authorizationProxy }: Given, preset: IssuerPreset): IssuerConfig['proxy'] {
  const { dropParameters = [] } = preset;
  const needed = dropParameters.length > 0 || preset.metadata !== undefined;
  return authorizationProxy === 'on' || (authorizationProxy === 'auto' && needed) ? { dropParameters } : null;
}
