import type { Config } from './config/config.ts';
import type { IssuerConfig } from './config/issuers/issuer-config.ts';
import type { Endpoint, PublishedDocument } from './core/endpoint.ts';
import type { Outgoing } from './core/outgoing.ts';
import type { Verifier } from './core/verifier.ts';
import { createOutgoing } from './oauth/outgoing.ts';

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
  const parts = auth.issuers.map((issuer) => createIssuer(issuer, names, env));
  return {
    verifiers: parts.flatMap(({ verifiers }) => verifiers),
    documents: parts.flatMap(({ documents }) => documents),
    endpoints: parts.flatMap(({ endpoints }) => endpoints),
    authorizationServers: () => parts.flatMap((part) => part.authorizationServers()),
  };
}

function createIssuer(issuer: IssuerConfig, names: Names, env: Environment): IssuerParts {
  const outgoing = createOutgoing({ caFile: issuer.ca });
  return {
    verifiers: createVerifiers(issuer, { names, env, outgoing }),
    documents: [],
    endpoints: [],
    authorizationServers: () => [issuer.issuer],
  };
}

interface Around {
  readonly names: Names;
  readonly env: Environment;
  readonly outgoing: Outgoing;
}

function createVerifiers(_issuer: IssuerConfig, _around: Around): readonly Verifier[] {
  return [];
}
