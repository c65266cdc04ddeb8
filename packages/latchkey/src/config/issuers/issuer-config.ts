import { ISSUER_DEFAULTS, toHeaderTypes } from '../../core/issuer-settings.ts';
import type { ClientCredentials, IssuerRules } from '../../core/issuer.ts';
import type { Secret } from '../../core/secret.ts';
import type { SecretSource } from '../secret-source.ts';
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
  readonly client: (Omit<ClientCredentials, 'secret'> & { readonly secret: SecretSource | Secret | null }) | null;
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
  /** How clients sign in through this gateway; null: they go to the issuer. */
  readonly proxy: ProxyRules | null;
  /** Absolute path of a PEM file; null: the built-in authorities. */
  readonly ca: string | null;
}

/** What is changed on the way between a client and the issuer. */
export interface ProxyRules {
  readonly dropParameters: readonly string[];
  readonly addParameters: Readonly<Record<string, string>>;
  /** Goes before the name of each scope that is none of OpenID Connect's. */
  readonly scopePrefix: string;
  /** Members for the metadata that the issuer leaves out. */
  readonly supports: Readonly<Record<string, unknown>>;
}

type Given = Settings['auth']['issuers'][string];

/** Fills in what the preset knows; what the file says wins. */
export function createIssuer(name: string, given: Given, absolute: (file: string) => string): IssuerConfig {
  const preset: IssuerPreset = PRESETS[given.preset ?? 'oidc'];
  const issuer = given.issuer ?? preset.issuer ?? '';
  const clients = given.clients ?? (preset.boundToClients === true && given.client ? [given.client.id] : null);
  // What names no resource is for the client that it was made for.
  const forClients = preset.boundToClients === true || given.userinfo !== undefined;
  const audiences = given.audience === undefined ? (forClients ? clients : null) : [given.audience].flat();
  const audienceClaim = given.audienceClaim ?? preset.audienceClaim;
  const jwksUrl = given.jwks?.url ?? preset.jwksUrl;
  const types = given.types ?? preset.types ?? ISSUER_DEFAULTS.types;
  return {
    name,
    issuer,
    audiences,
    ...(audienceClaim === undefined ? {} : { audienceClaim }),
    foreignAudiences: given.foreignAudiences ?? preset.foreignAudiences ?? false,
    clients,
    required: { ...preset.require, ...given.require },
    scopes: {
      always: given.scopes.always,
      claims: given.scopes.claims ?? preset.scopeClaims ?? ISSUER_DEFAULTS.scopeClaims,
      table: given.scopes.map,
    },
    algorithms: given.algorithms ?? preset.algorithms ?? ISSUER_DEFAULTS.algorithms,
    types: toHeaderTypes(types),
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
    metadata: issuer === preset.issuer ? (preset.metadata ?? null) : null,
    proxy: toProxy(given, preset, audiences),
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

function toProxy(
  { authorizationProxy, scopes }: Given,
  preset: IssuerPreset,
  audiences: readonly string[] | null,
): IssuerConfig['proxy'] {
  const { dropParameters = [], addParameters = {}, supports = {} } = preset;
  if (authorizationProxy === 'off' || (authorizationProxy === 'auto' && dropParameters.length === 0)) return null;
  const [audience = null] = audiences ?? [];
  const fill = (text: string): string | null =>
    audience === null && text.includes(AUDIENCE) ? null : text.replaceAll(AUDIENCE, audience ?? '');
  const filled = Object.entries(addParameters).map(([name, text]) => [name, fill(text)] as const);
  return {
    dropParameters,
    addParameters: Object.fromEntries(filled.filter((each): each is [string, string] => each[1] !== null)),
    scopePrefix: scopes.prefix ?? fill(preset.scopePrefix ?? '') ?? '',
    supports,
  };
}

const AUDIENCE = '{audience}';
