import type { Config } from './config/config.ts';
import { readSecret } from './config/secret-source.ts';
import { LatchkeyError } from './core/error.ts';
import type { Log } from './core/log.ts';
import { OWN_NAME } from './core/own-name.ts';
import { createAnonymous, type Principal } from './core/principal.ts';
import type { Secret } from './core/secret.ts';
import type { Store } from './core/store.ts';
import type { Verifier } from './core/verifier.ts';
import type { RotateResult } from './gateway/options.ts';
import { startRotation, type AutomaticRotation } from './rotation/automatic.ts';
import { exchangeCredential } from './rotation/exchange.ts';
import { issueFirstToken, type FirstToken } from './rotation/first-token.ts';
import { firstMatch } from './core/first-match.ts';
import { digestOf, mintCredential } from './verify/mint.ts';
import { PROOF_ALGORITHMS } from './verify/proof/proof-key.ts';
import { provePossession } from './verify/proof.ts';
import { createStaticVerifier, parseStaticTokens } from './verify/static-tokens.ts';
import { createStoredVerifier } from './verify/stored-credential.ts';
import type { UseCounter } from './verify/use-counter.ts';

export { replaceSecretFile } from './rotation/replace-secret-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The static tokens of the environment, where they are on. Throws a LatchkeyError for a missing or weak one. */
export function readStaticTokens({ auth }: Config, env: Environment): readonly Secret[] {
  if (auth.static === null) return [];
  return parseStaticTokens(readSecret('auth.static', { env: auth.static.env }, env).reveal());
}

/** Verifies the credentials of a store; their prefixes tell them from others. */
export function createOwnVerifier(store: Store, prefixes: readonly string[], uses: UseCounter): Verifier {
  return createStoredVerifier(store.credentials, { version: () => store.version(), prefixes, uses });
}

/**
 * When the credential of a principal ends: epoch milliseconds, null for never, 0 when it was revoked, or when the store
 * is not in its place any more: there it may be.
 */
export async function endOfStored(store: Store, { credentialId, expiresAt }: Principal): Promise<number | null> {
  if (credentialId === null) return expiresAt;
  try {
    const record = await store.credentials.find(credentialId);
    return record === null || record.revokedAt !== null ? 0 : record.expiresAt;
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'E_STORE_REPLACED') return 0;
    throw error;
  }
}

/** Asks this gateway's own credentials first, then `foreign`; null where authentication is off. */
export async function createVerifier(
  { auth }: Config,
  store: Store,
  staticTokens: readonly Secret[],
  uses: UseCounter,
  foreign: readonly Verifier[],
): Promise<Verifier | null> {
  if (!auth.enabled) return null;
  const stored = createOwnVerifier(store, [auth.tokens.prefix, auth.keys.prefix], uses);
  const own =
    auth.static === null
      ? [stored]
      : [
          createStaticVerifier(staticTokens, {
            scopes: auth.static.scopes,
            label: auth.static.env,
            idKey: await store.secret('static-id'),
          }),
          stored,
        ];
  const { required, maxAgeMs, nonce } = auth.dpop;
  const nonceSecret = nonce ? await store.secret('proof-nonce') : null;
  return provePossession(firstMatch([...own, ...foreign]), { required, maxAgeMs, nonceSecret });
}

/** How those are answered who have no credential, or none that is valid. */
export function toAnswering(config: Config) {
  const { anonymous, unknownTokenStatus } = config.auth;
  return {
    anonymous: anonymous === null ? null : createAnonymous(anonymous.scopes),
    unknownTokenStatus,
    proofAlgorithms: proofsOf(config)?.algorithms.join(' ') ?? null,
  };
}

/** What is asked of DPoP proofs (RFC 9728 §2); null where no token can be bound to a key. */
export function proofsOf({
  auth,
}: Config): { readonly algorithms: readonly string[]; readonly required: boolean } | null {
  return auth.issuers.length === 0 ? null : { algorithms: PROOF_ALGORITHMS, required: auth.dpop.required };
}

/** Replaces a token that its holder shows by its successor. */
export async function rotate({ auth }: Config, store: Store, secret: Secret, now: number): Promise<RotateResult> {
  const graceMs = auth.tokens.rotate?.graceMs ?? DEFAULT_GRACE_MS;
  const { ttlMs } = auth.tokens;
  const outcome = await exchangeCredential(store.credentials, digestOf(secret.reveal()), {
    graceMs,
    ttlMs,
    now,
    mint: mintCredential,
  });
  return outcome.kind === 'rotated' ? outcome : { kind: 'refused' };
}

const DEFAULT_GRACE_MS = 600_000;

interface TokensAround {
  readonly store: Store;
  readonly staticTokens: readonly Secret[];
  readonly log: Log;
}

/**
 * Makes the token `default` where nobody could get in without it (null where somebody could), and replaces it from then
 * on where the configuration wants that. To be started last, so that no token is made by a start that fails: it could
 * never be shown. At the end `stopListening` comes first: while a delivery is waited for nobody is let in any more.
 */
export async function startTokens(
  config: Config,
  { store, staticTokens, log }: TokensAround,
  closing: (() => Promise<unknown> | void)[],
  stopListening: () => Promise<unknown>,
): Promise<FirstToken | null> {
  let rotation: AutomaticRotation | null = null;
  closing.push(() => rotation?.stop());
  closing.push(stopListening);
  const firstToken = await makeFirstToken(config, store, staticTokens);
  rotation = startAutomaticRotation(config, store, log, firstToken);
  return firstToken;
}

async function makeFirstToken(
  { auth }: Config,
  store: Store,
  staticTokens: readonly Secret[],
): Promise<FirstToken | null> {
  if (!auth.enabled || staticTokens.length > 0) return null;
  return issueFirstToken(store.credentialsBy(OWN_NAME), {
    ...auth.tokens,
    mint: mintCredential,
    now: Date.now(),
    rotated: auth.tokens.rotate !== null,
  });
}

function startAutomaticRotation(
  { auth }: Config,
  store: Store,
  log: Log,
  first: FirstToken | null,
): AutomaticRotation | null {
  const plan = auth.tokens.rotate;
  if (plan === null) return null;
  return startRotation({
    store: store.credentialsBy(OWN_NAME),
    names: ['default'],
    everyMs: plan.everyMs,
    graceMs: plan.graceMs,
    ttlMs: auth.tokens.ttlMs,
    deliver: plan.deliver,
    first,
    mint: mintCredential,
    onEvent: (event) =>
      event.kind === 'rotated'
        ? log('info', 'a token was replaced and delivered', { name: event.name })
        : log('error', event.error.message, { name: event.name, code: event.error.code, hint: event.error.hint }),
  });
}
