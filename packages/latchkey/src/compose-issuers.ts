import type { Config } from './config/config.ts';
import type { IssuerConfig } from './config/issuers/issuer-config.ts';
import type { Endpoint, PublishedDocument } from './core/endpoint.ts';
import { readSecret } from './config/secret-source.ts';
import type { AuthenticateClient, LoadMetadata } from './core/issuer.ts';
import type { Outgoing } from './core/outgoing.ts';
import type { Verifier } from './core/verifier.ts';
import { createClientAuthentication } from './oauth/client-authentication.ts';
import { createDiscovery } from './oauth/discovery.ts';
import { createOutgoing } from './oauth/outgoing.ts';
import { createAskedJwtVerifier } from './verify/asked-jwt.ts';
import { createKeySet } from './verify/jwt/key-set.ts';
import type { JwtIssuer } from './verify/jwt/jwt-issuer.ts';
import { createJwtVerifier } from './verify/jwt.ts';
import { createLookupVerifier, KEEP_MS } from './verify/token-lookup.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is known once the gateway listens. */
export interface Names {
  /** Canonical URL of a server by its name. */
  resourceOf(server: string): string;
  /** Origin of every URL of this gateway, without a slash at its end. */
  origin(): string;
}

/** What the issuers of a configuration add to the gateway. */
export interface IssuerParts {
  readonly verifiers: readonly Verifier[];
  readonly documents: readonly PublishedDocument[];
  readonly endpoints: readonly Endpoint[];
  /** Issuer identifiers for protected resource metadata (RFC 9728 §2). */
  authorizationServers(): readonly string[];
}

/** Joins what each issuer needs. Asks no issuer anything yet. Throws a LatchkeyError where a secret or file is missing. */
export function createIssuers({ auth }: Config, names: Names, env: Environment): IssuerParts {
  const issuers = auth.issuers.map(toAskable);
  return {
    verifiers: createVerifiers(issuers, { names, env }),
    documents: [],
    endpoints: [],
    authorizationServers: () => issuers.map(({ config }) => config.issuer),
  };
}

/** An issuer and the ways to ask it. */
interface AskableIssuer {
  readonly config: IssuerConfig;
  readonly outgoing: Outgoing;
  readonly metadata: LoadMetadata;
}

function toAskable(config: IssuerConfig): AskableIssuer {
  const outgoing = createOutgoing({ caFile: config.ca });
  return { config, outgoing, metadata: createDiscovery({ issuer: config.issuer, outgoing, given: config.metadata }) };
}

interface Around {
  readonly names: Names;
  readonly env: Environment;
}

function createVerifiers(issuers: readonly AskableIssuer[], { names, env }: Around): readonly Verifier[] {
  if (issuers.length === 0) return [];
  const [asked, judged] = partition(issuers, ({ config }) => config.lookup?.always === true);
  const { resourceOf } = names;
  const encrypted = issuers.some(({ config }) => config.lookup !== null);
  const elsewhere = { issuers: new Set(asked.map(({ config }) => config.issuer)), encrypted };
  const jwt = createJwtVerifier({ issuers: judged.map(toJwtIssuer), elsewhere, resourceOf });
  return [jwt, ...createAskingVerifiers(issuers, asked, { names, env })];
}

/** Those that ask an issuer about each token (or about JWTs too, in `asked`). */
function createAskingVerifiers(
  issuers: readonly AskableIssuer[],
  asked: readonly AskableIssuer[],
  { names: { resourceOf }, env }: Around,
): readonly Verifier[] {
  const lookups = issuers.flatMap((issuer) => toLookup(issuer, env));
  const allPrefixes = lookups.flatMap(({ prefixes }) => prefixes);
  const opaque = lookups.map((lookup) => createLookupVerifier({ ...lookup, foreignPrefixes: allPrefixes, resourceOf }));
  if (asked.length === 0) return opaque;
  const elsewhere = { issuers: new Set<string>(), encrypted: true };
  const jwt = createJwtVerifier({ issuers: asked.map(toJwtIssuer), elsewhere, resourceOf });
  const both = lookups.filter(({ always }) => always).map((lookup) => lookup.asked);
  return [createAskedJwtVerifier(jwt, both, KEEP_MS), ...opaque];
}

function toLookup({ config, outgoing, metadata }: AskableIssuer, env: Environment) {
  const { name, issuer, client, lookup, audiences, clients } = config;
  if (lookup === null) return [];
  const { by, form, url, prefixes, always } = lookup;
  const id = client?.id ?? null;
  const authenticate = createAuthentication(config, env);
  // What a user-info endpoint says is of a client, never of a server.
  const rules = by === 'userinfo' ? { ...config, audiences: [...(audiences ?? []), ...(clients ?? [])] } : config;
  const asked = { name, issuer, by, form, url, client: id, authenticate, metadata, outgoing };
  return [{ rules, asked, prefixes, always }];
}

/** Who the gateway is at the issuer; nobody where the file says nothing of it. */
function createAuthentication({ name, client }: IssuerConfig, env: Environment): AuthenticateClient {
  if (client === null) return async () => [];
  const { secret } = client;
  const read = secret === null ? null : readSecret(`auth.issuers.${name}.client.secret`, secret, env);
  return createClientAuthentication({ ...client, secret: read });
}

function toJwtIssuer({ config, outgoing, metadata }: AskableIssuer): JwtIssuer {
  const { algorithms, types, jwks: from, keysRefreshMs: refreshMs, keysMaxAgeMs: maxAgeMs } = config;
  const keys = createKeySet({ algorithms, from, metadata, outgoing, refreshMs, maxAgeMs });
  return { rules: config, algorithms, types, keys };
}

function partition<Each>(list: readonly Each[], chosen: (each: Each) => boolean): readonly [Each[], Each[]] {
  return [list.filter(chosen), list.filter((each) => !chosen(each))];
}
