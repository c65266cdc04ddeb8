import { toClient, type IssuerConfig } from './issuers/issuer-config.ts';
import { PRESETS } from './issuers/presets.ts';
import type { Settings } from './schema.ts';

/** What is asked for at an issuer, and where. */
export interface UpstreamGrant {
  /** Null: as the upstream says. */
  readonly issuer: string | null;
  /** Null: as the issuer's metadata say. */
  readonly tokenUrl: string | null;
  readonly client: NonNullable<IssuerConfig['client']>;
  /** Which of `auth.issuers` says the client; null where it stands here. */
  readonly clientFrom: string | null;
  readonly scopes: readonly string[];
  /** Null: not sent. */
  readonly resource: string | null;
  readonly audience: string | null;
}

/** The tokens that the gateway gets for one upstream. */
export interface UpstreamAuth {
  readonly clientCredentials: UpstreamGrant | null;
  /** `from` are identifiers of issuers. */
  readonly tokenExchange: (UpstreamGrant & { readonly from: readonly string[] }) | null;
  /** What the upstream's metadata must be about. */
  readonly resource: string;
  /** Absolute path of a PEM file; null: the built-in authorities. */
  readonly ca: string | null;
}

type Issuers = Settings['auth']['issuers'];
type GivenAuth = NonNullable<NonNullable<Settings['upstream']>['auth']>;
type GivenExchange = NonNullable<GivenAuth['tokenExchange']>;
type GivenGrant = NonNullable<GivenAuth['clientCredentials']>;

interface Around {
  readonly url: string;
  readonly issuers: Issuers;
  readonly absolute: (file: string) => string;
}

/** Fills in what `auth.issuers` knows. Of no use where `checkUpstreamAuth` finds a problem. */
export function createUpstreamAuth(given: GivenAuth, around: Around): UpstreamAuth {
  const { clientCredentials: own, tokenExchange: exchange, tls } = given;
  return {
    clientCredentials: own === undefined ? null : createGrant(own, own.issuer, around),
    tokenExchange:
      exchange === undefined
        ? null
        : {
            ...createGrant(exchange, exchangeIssuer(exchange, around.issuers), around),
            from: exchangedNames(exchange, around.issuers).map((name) => identifierOf(around.issuers[name]) ?? ''),
          },
    resource: own?.resource || withoutQuery(around.url),
    ca: tls === undefined ? null : around.absolute(tls.ca),
  };
}

function createGrant(given: GivenGrant, issuer: string | undefined, { url, issuers, absolute }: Around): UpstreamGrant {
  const { tokenUrl, scopes, resource, audience } = given;
  return {
    issuer: issuer ?? null,
    tokenUrl: tokenUrl ?? null,
    client: toClient(clientOf(given, issuer, issuers), absolute) ?? NO_CLIENT,
    clientFrom: given.client === undefined ? (findName(issuer, issuers) ?? null) : null,
    scopes,
    resource: resource === false ? null : (resource ?? withoutQuery(url)),
    audience: audience ?? null,
  };
}

/** What a URL names; what its query holds is nobody else's business. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}

const NO_CLIENT = { id: '', method: 'none', secret: null } as const;

/** The issuer that a caller's token is exchanged at; undefined where nothing says which. */
export function exchangeIssuer({ issuer }: GivenExchange, issuers: Issuers): string | undefined {
  const [only, ...others] = Object.values(issuers);
  return issuer === undefined && others.length === 0 ? identifierOf(only) : issuer;
}

/** Whether every token that is exchanged goes to the issuer that made it. */
export function staysWithItsIssuer(exchange: GivenExchange, issuers: Issuers): boolean {
  const issuer = exchangeIssuer(exchange, issuers);
  return exchangedNames(exchange, issuers).every((name) => identifierOf(issuers[name]) === issuer);
}

/** Names in `auth.issuers` whose tokens are exchanged. */
export function exchangedNames({ from }: GivenExchange, issuers: Issuers): readonly string[] {
  return from ?? Object.keys(issuers);
}

/** What this gateway is at the issuer, said here or in `auth.issuers`. */
export function clientOf({ client }: GivenGrant, issuer: string | undefined, issuers: Issuers): GivenGrant['client'] {
  return client ?? issuers[findName(issuer, issuers) ?? '']?.client;
}

function findName(issuer: string | undefined, issuers: Issuers): string | undefined {
  return issuer === undefined ? undefined : Object.keys(issuers).find((name) => identifierOf(issuers[name]) === issuer);
}

function identifierOf(issuer: Issuers[string] | undefined): string | undefined {
  if (issuer === undefined || issuer.issuer !== undefined) return issuer?.issuer;
  const preset: { readonly issuer?: string } = issuer.preset === undefined ? {} : PRESETS[issuer.preset];
  return preset.issuer;
}
