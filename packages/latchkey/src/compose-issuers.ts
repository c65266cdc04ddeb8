import { createLookups } from './compose-lookups.ts';
import { readFileSync, statSync } from 'node:fs';
import type { Config } from './config/config.ts';
import type { IssuerConfig } from './config/issuers/issuer-config.ts';
import { createLiveSecrets, type LiveSecrets } from './config/live-secrets.ts';
import { readAuthorities } from './config/tls-files.ts';
import type { Endpoint, PublishedDocument } from './core/endpoint.ts';
import type { LoadMetadata } from './core/issuer.ts';
import type { Principal } from './core/principal.ts';
import { LatchkeyError } from './core/error.ts';
import { OutgoingError, type Outgoing } from './core/outgoing.ts';
import type { Verdict, Verifier } from './core/verifier.ts';
import { firstMatch } from './core/first-match.ts';
import type { LockVerifier } from './lock/options.ts';
import { createAuthorizationProxy, type AuthorizationProxy } from './oauth/authorization-proxy.ts';
import { createDiscovery } from './oauth/discovery.ts';
import { createOutgoing } from './oauth/outgoing.ts';
import { createKeyFile, refuseNoFile } from './verify/jwt/key-file.ts';
import { createKeySet, NO_KEYS, parseKeySet } from './verify/jwt/key-set.ts';
import { nodeCrypto } from './verify/jwt/node-crypto.ts';
import type { JwtIssuer } from './verify/jwt/jwt-issuer.ts';
import { createJwtVerifier } from './verify/jwt.ts';
import type { AskingVerifier } from './verify/token-lookup/watch.ts';

const NONE: ReadonlySet<string> = new Set();

type Environment = Readonly<Record<string, string | undefined>>;

/** What is known once the gateway listens. */
export interface Names {
  /** Every URL that a server by this name is asked at and tokens may be for, the canonical one first. */
  resourcesOf(server: string): readonly string[];
  /** Origin of every URL of this gateway, without a slash at its end. */
  origin(): string;
}

/** What the issuers of a configuration add to the gateway. */
export interface IssuerParts {
  readonly verifiers: readonly Verifier[];
  readonly documents: readonly PublishedDocument[];
  readonly endpoints: readonly Endpoint[];
  /** When a principal of an issuer ends, as far as is known now: epoch milliseconds, null for never, 0 at once. */
  endOf(principal: Principal, now: number): number | null;
  /** Issuer identifiers for protected resource metadata (RFC 9728 §2). */
  authorizationServers(): readonly string[];
}

/** Joins what each issuer needs. Asks no issuer anything yet. Throws a LatchkeyError where a secret or file is missing. */
export function createIssuers({ auth, publicUrl }: Config, names: Names, secrets: LiveSecrets): IssuerParts {
  const issuers = auth.issuers.map(toAskable);
  const folder = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');
  const proxies = new Map(issuers.map((issuer) => [issuer, createProxy(issuer, { names, folder })]));
  const shown = [...proxies.values()].filter((proxy) => proxy !== null);
  const { verifiers, askers } = createVerifiers(issuers, { resourcesOf: names.resourcesOf, secrets });
  return {
    verifiers,
    documents: shown.flatMap(({ documents }) => documents),
    endpoints: shown.flatMap(({ endpoints }) => endpoints),
    endOf: (principal, now) => endOf(askers, principal, now),
    authorizationServers: () => [...proxies].map(([{ config }, proxy]) => proxy?.issuer() ?? config.issuer),
  };
}

function endOf(askers: readonly AskingVerifier[], principal: Principal, now: number): number | null {
  for (const asker of askers) {
    const end = asker.endOf(principal, now);
    if (end !== undefined) return end;
  }
  return principal.expiresAt;
}

/** Null where clients sign in at the issuer itself. `folder` is the path of the public URL. */
function createProxy(
  { config, metadata }: AskableIssuer,
  { names, folder }: { readonly names: Names; readonly folder: string },
): AuthorizationProxy | null {
  if (config.proxy === null) return null;
  const { supports, ...rewriting } = config.proxy;
  const path = `${folder}/oauth/${config.name}`;
  return createAuthorizationProxy({
    path,
    origin: names.origin,
    rewriting,
    supports,
    metadata,
    // Sockets of its own: whoever signs in must not keep those waiting whose tokens are checked.
    outgoing: createOutgoing({ ca: readAuthorities(config.ca) }),
    now: Date.now,
  });
}

/** An issuer and the ways to ask it. */
interface AskableIssuer {
  readonly config: IssuerConfig;
  readonly outgoing: Outgoing;
  readonly metadata: LoadMetadata;
}

function toAskable(config: IssuerConfig): AskableIssuer {
  requireKeys(config);
  const outgoing = createOutgoing({ ca: readAuthorities(config.ca) });
  return { config, outgoing, metadata: createDiscovery({ issuer: config.issuer, outgoing, given: config.metadata }) };
}

/** A key set in a file is there before the program is; at an issuer it may come later. */
function requireKeys({ name, jwks, algorithms }: IssuerConfig): void {
  if (jwks === null || !('file' in jwks)) return;
  try {
    refuseNoFile(jwks.file, statSync(jwks.file));
    const text = readFileSync(jwks.file, 'utf8');
    const keys = parseKeySet(text, { name: jwks.file, algorithms, importKey: nodeCrypto.importKey });
    if (keys.length === 0) throw new OutgoingError(`${jwks.file}: ${NO_KEYS}`);
  } catch (cause) {
    const why = cause instanceof OutgoingError ? cause.message : `${jwks.file} cannot be read`;
    const hint = 'a JWK set (RFC 7517 §5) with public keys for auth.issuers.algorithms is wanted';
    throw new LatchkeyError('E_CONFIG_INVALID', `auth.issuers.${name}.jwks.file: ${why}`, { hint, cause });
  }
}

interface Around {
  /** Every URL that a server by this name is asked at and tokens may be for, the canonical one first. */
  readonly resourcesOf: (server: string) => readonly string[];
  readonly secrets: LiveSecrets;
}

/** `askers` ask issuers about tokens that they accepted, also later. */
interface Verifiers {
  readonly verifiers: readonly Verifier[];
  readonly askers: readonly AskingVerifier[];
}

/** One verifier of the tokens of these issuers. Asks none of them yet. Throws a LatchkeyError where a secret or file is missing. */
export function createIssuerVerifier(
  issuers: readonly IssuerConfig[],
  { resourcesOf, env }: Pick<Around, 'resourcesOf'> & { readonly env: Environment },
): LockVerifier {
  const around = { resourcesOf, secrets: createLiveSecrets(env) };
  const { verifiers, askers } = createVerifiers(issuers.map(toAskable), around);
  return {
    name: 'issuers',
    issuers: issuers.map(({ issuer }) => issuer),
    verify: firstMatch(verifiers, { otherwise: SKIP }).verify,
    endOf: (principal, now) => (principal.issuer === null ? undefined : endOf(askers, principal, now)),
  };
}

const SKIP: Verdict = { kind: 'skip' };

function createVerifiers(issuers: readonly AskableIssuer[], { resourcesOf, secrets }: Around): Verifiers {
  if (issuers.length === 0) return { verifiers: [], askers: [] };
  const signing = issuers.filter(({ config }) => config.types.length > 0);
  const [asked, judged] = partition(signing, ({ config }) => config.lookup?.always === true);
  const encrypted = issuers.some(({ config }) => config.lookup !== null);
  const elsewhere = { issuers: new Set(asked.map(({ config }) => config.issuer)), encrypted };
  const jwt = createJwtVerifier({ issuers: judged.map(toJwtIssuer), crypto: nodeCrypto, elsewhere, resourcesOf });
  const askers = createLookups(issuers, {
    resourcesOf,
    secrets,
    createJwt: () =>
      createJwtVerifier({
        issuers: asked.map(toJwtIssuer),
        crypto: nodeCrypto,
        elsewhere: { issuers: NONE, encrypted },
        resourcesOf,
      }),
  });
  return { verifiers: [jwt, ...askers], askers };
}

function toJwtIssuer({ config, outgoing, metadata }: AskableIssuer): JwtIssuer {
  const { algorithms, types, jwks, keysRefreshMs: refreshMs, keysMaxAgeMs: maxAgeMs } = config;
  const from = jwks !== null && 'file' in jwks ? createKeyFile(jwks.file) : jwks;
  const keys = createKeySet({ algorithms, from, metadata, outgoing, refreshMs, maxAgeMs, crypto: nodeCrypto });
  return { rules: config, algorithms, types, keys };
}

function partition<Each>(list: readonly Each[], chosen: (each: Each) => boolean): readonly [Each[], Each[]] {
  return [list.filter(chosen), list.filter((each) => !chosen(each))];
}
