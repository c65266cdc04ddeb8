import type { Outgoing } from './core/outgoing.ts';
import type { LockVerifier, VerifierAround } from './lock/options.ts';
import { readJwt, type JwtOptions } from './lock/read-jwt.ts';
import { createDiscovery } from './oauth/discovery.ts';
import { createFetchOutgoing } from './oauth/fetch-outgoing.ts';
import { createJwtVerifier } from './verify/jwt.ts';
import type { JwtCrypto } from './verify/jwt/jwt-crypto.ts';
import { createKeySet } from './verify/jwt/key-set.ts';
import { webCrypto } from './verify/jwt/web-crypto.ts';

/** What a platform brings: Node's own modules, or what the web has. */
export interface JwtPlatform {
  readonly crypto: JwtCrypto;
  readonly outgoing: Outgoing;
}

/**
 * Takes the signed access tokens of an issuer (RFC 9068), by its published keys, wherever there are `fetch` and WebCrypto.
 * Asks it nothing yet. Throws a TypeError that names everything that is wrong with the options.
 */
export function jwt(options: JwtOptions): (around: VerifierAround) => LockVerifier {
  return createJwtOf(options, { crypto: webCrypto, outgoing: createFetchOutgoing() });
}

/** The same by the means of another platform. Keys are shared by all resources. */
export function createJwtOf(
  options: JwtOptions,
  { crypto, outgoing }: JwtPlatform,
): (around: VerifierAround) => LockVerifier {
  const { rules, algorithms, types, jwks, keysRefreshMs, keysMaxAgeMs } = readJwt(options);
  const { issuer } = rules;
  const metadata = createDiscovery({ issuer, outgoing, given: null });
  const bounds = { refreshMs: keysRefreshMs, maxAgeMs: keysMaxAgeMs };
  const keys = createKeySet({ algorithms, from: jwks, metadata, outgoing, crypto, ...bounds });
  return ({ resource }) => ({
    ...createJwtVerifier({
      issuers: [{ rules, algorithms, types, keys }],
      crypto,
      // Another verifier may know what this one does not.
      elsewhere: { issuers: { has: () => true }, encrypted: true },
      resourcesOf: () => [resource],
    }),
    issuers: [issuer],
  });
}
