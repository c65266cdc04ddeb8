import { createLiveClient } from './compose-client.ts';
import type { IssuerConfig } from './config/issuers/issuer-config.ts';
import type { LiveSecrets } from './config/live-secrets.ts';
import type { AuthenticateClient, LoadMetadata } from './core/issuer.ts';
import type { Outgoing } from './core/outgoing.ts';
import type { Verifier } from './core/verifier.ts';
import { createAskedJwtVerifier } from './verify/asked-jwt.ts';
import { createLookupVerifier, KEEP_MS } from './verify/token-lookup.ts';
import type { AskingVerifier } from './verify/token-lookup/watch.ts';

/** An issuer that may be asked about tokens, and the ways to ask it. */
interface LookedUp {
  readonly config: IssuerConfig;
  readonly outgoing: Outgoing;
  readonly metadata: LoadMetadata;
}

interface Around {
  readonly resourcesOf: (server: string) => readonly string[];
  readonly secrets: LiveSecrets;
  /** Verifies the JWTs of issuers that are asked about JWTs, too. */
  readonly createJwt: () => Verifier;
}

/** What asks issuers about tokens. Throws a LatchkeyError where a secret is missing or no key. */
export function createLookups(issuers: readonly LookedUp[], around: Around): readonly AskingVerifier[] {
  const { resourcesOf, secrets, createJwt } = around;
  const lookups = issuers.flatMap((issuer) => toLookup(issuer, secrets));
  const foreignPrefixes = lookups.flatMap(({ prefixes }) => prefixes);
  const opaque = lookups.map((lookup) => createLookupVerifier({ ...lookup, foreignPrefixes, resourcesOf }));
  const always = lookups
    .filter((lookup) => lookup.always)
    .map(({ asked, rules }) => ({ ...asked, audiences: rules.audiences }));
  return always.length === 0 ? opaque : [createAskedJwtVerifier(createJwt(), always, KEEP_MS), ...opaque];
}

function toLookup({ config, outgoing, metadata }: LookedUp, secrets: LiveSecrets) {
  const { name, issuer, client, lookup, audiences, clients } = config;
  if (lookup === null) return [];
  const { by, form, url, prefixes, always } = lookup;
  const authenticate = createAuthentication(config, secrets);
  // What a user-info endpoint says is of a client, never of a server.
  const rules = by === 'userinfo' ? { ...config, audiences: [...(audiences ?? []), ...(clients ?? [])] } : config;
  const asked = { name, issuer, by, form, url, client: client?.id ?? null, authenticate, metadata, outgoing };
  return [{ rules, asked, prefixes, always }];
}

/** Who the gateway is at the issuer; nobody where the file says nothing of it. */
function createAuthentication({ name, client }: IssuerConfig, secrets: LiveSecrets): AuthenticateClient {
  if (client === null) return async () => [];
  return createLiveClient(client, `auth.issuers.${name}.client`, secrets);
}
