import type { Config } from './config/config.ts';
import type { IssuerConfig } from './config/issuers/issuer-config.ts';
import type { Endpoint, PublishedDocument } from './core/endpoint.ts';
import type { LoadMetadata } from './core/issuer.ts';
import type { Outgoing } from './core/outgoing.ts';
import type { Verifier } from './core/verifier.ts';
import { createDiscovery } from './oauth/discovery.ts';
import { createOutgoing } from './oauth/outgoing.ts';
import { createKeySet } from './verify/jwt/key-set.ts';
import type { JwtIssuer } from './verify/jwt/jwt-issuer.ts';
import { createJwtVerifier } from './verify/jwt.ts';

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

function createVerifiers(issuers: readonly AskableIssuer[], { names }: Around): readonly Verifier[] {
  if (issuers.length === 0) return [];
  const [asked, judged] = partition(issuers, ({ config }) => config.lookup?.always === true);
  const jwt = createJwtVerifier({
    issuers: judged.map(toJwtIssuer),
    elsewhere: {
      issuers: new Set(asked.map(({ config }) => config.issuer)),
      encrypted: issuers.some(({ config }) => config.lookup !== null),
    },
    resourceOf: names.resourceOf,
  });
  return [jwt];
}

function toJwtIssuer({ config, outgoing, metadata }: AskableIssuer): JwtIssuer {
  const { algorithms, types, jwks: from, keysRefreshMs: refreshMs, keysMaxAgeMs: maxAgeMs } = config;
  const keys = createKeySet({ algorithms, from, metadata, outgoing, refreshMs, maxAgeMs });
  return { rules: config, algorithms, types, keys };
}

function partition<Each>(list: readonly Each[], chosen: (each: Each) => boolean): readonly [Each[], Each[]] {
  return [list.filter(chosen), list.filter((each) => !chosen(each))];
}
