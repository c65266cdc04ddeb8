import { ASKED_AT } from './adapters/forward-auth.ts';
import { createForwardService, type ForwardService } from './adapters/forward-service.ts';
import { createVerifier, proofsOf, readStaticTokens, startTokens } from './compose-credentials.ts';
import { checkForwardAuth } from './compose-forward-check.ts';
import { createLocks, createOnError, createPlaces, replacePolicies } from './compose-forward-locks.ts';
import { createIssuers, type IssuerParts } from './compose-issuers.ts';
import { openRecords, startAll, toLimits, type Closing } from './compose-records.ts';
import { loadIdentityKeys, publishIdentityKeys } from './compose-upstream.ts';
import { formatAddress } from './config/address.ts';
import type { Config, ServerConfig } from './config/config.ts';
import { createInForce } from './config/in-force.ts';
import { createLiveSecrets, type LiveSecrets } from './config/live-secrets.ts';
import { readTlsPair, replaceTlsPair } from './config/tls-files.ts';
import type { PublishedDocument } from './core/endpoint.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/policy.ts';
import { checkAddress, startListener, type Listener } from './gateway/listener.ts';
import type { Lock } from './lock/lock.ts';
import { protectedResourceMetadata } from './lock/protected-resource.ts';
import { createTrusted, type Trusted } from './lock/trusted-proxies.ts';
import type { FirstToken } from './rotation/first-token.ts';
import { createSignIdentity } from './upstream/identity/sign-identity.ts';
import type { Store } from './core/store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What answers a proxy, running. */
export interface RunningForwardAuth {
  /** Where the proxy asks. */
  readonly url: string;
  readonly servers: readonly { readonly name: string; readonly resource: string; readonly policy: Policy }[];
  readonly store: Store;
  readonly firstToken: FirstToken | null;
  /**
   * Puts the rules of a new configuration in force; says which servers it could not change so. Throws for bad ones. What
   * changed goes to the trail, as by `file`.
   */
  reload(config: Config, file: string): readonly string[];
  setTls(): void;
  /** Those that stand in files can be read again. */
  readonly secrets: Pick<LiveSecrets, 'files' | 'readAgain'>;
  /** False when a part did not end well: then the trail may lack its last records. */
  close(): Promise<boolean>;
}

/** Joins what answers a proxy as the configuration says and starts it. Throws a LatchkeyError; then nothing is left running. */
export function composeForwardAuth(config: Config, env: Environment, log: Log): Promise<RunningForwardAuth> {
  return startAll(log, (closing, closeAll) => start(config, env, log, closing, closeAll));
}

async function start(
  config: Config,
  env: Environment,
  log: Log,
  closing: Closing,
  closeAll: () => Promise<boolean>,
): Promise<RunningForwardAuth> {
  const { proxy, publicUrl } = checkForwardAuth(config);
  const staticTokens = readStaticTokens(config, env);
  await checkAddress(config.listen);
  const { store, uses, trail, recordReload, readiness } = await openRecords(config, log, closing);
  const inForce = createInForce(config);
  const secrets = createLiveSecrets(env);
  const identityKeys = await loadIdentityKeys(config, () => store.secret('upstream-identity'));
  const resources = new Map(config.servers.map((server) => [server.name, resourceOf(publicUrl, server)]));
  const issuers = createIssuers(
    config,
    {
      resourcesOf: (name) => [resources.get(name)?.href ?? ''],
      origin: () => publicUrl.origin,
    },
    secrets,
  );
  const verifier = await createVerifier(config, store, staticTokens, uses, issuers.verifiers);
  const locks = createLocks(config, resources, { publicUrl, verifier, trail, log });
  const places = createPlaces(config, locks, (audience) =>
    identityKeys === null ? null : createSignIdentity({ keys: identityKeys, issuer: () => publicUrl.origin, audience }),
  );
  const service = createForwardService(
    {
      proxy: proxy.proxy,
      trusted: proxy.trusted,
      path: ASKED_AT,
      given: places.given,
      // Who has named a proxy that ends TLS has said that the way from there is safe.
      encryptedOnly: config.tls !== null && config.behindProxy === null,
      onError: createOnError(log),
    },
    places.placeOf,
    [
      ...issuers.documents,
      ...(identityKeys === null ? [] : [publishIdentityKeys(identityKeys)]),
      ...locks.map((lock) => publishMetadata(lock, config, issuers)),
      published('/healthz', () => '{"status":"ok"}'),
      { path: '/readyz', body: readiness },
    ],
  );
  const listener = await listen(config, createTrusted(proxy.trusted), log, (request, response) =>
    service.handle(request, response),
  );
  const firstToken = await startTokens(config, { store, staticTokens, log }, closing, () =>
    listener.stop(() => service.drained()),
  );
  const address = formatAddress({ ...config.listen, port: listener.port });
  return {
    url: `${config.tls === null ? 'http' : 'https'}://${address}${ASKED_AT}`,
    servers: locks.map((lock) => ({
      name: lock.parts.server,
      resource: lock.parts.resource.href,
      get policy() {
        return lock.policy;
      },
    })),
    store,
    firstToken,
    reload(next, file) {
      checkForwardAuth(next);
      const left = replacePolicies(locks, next);
      recordReload(file, inForce.take(next, left));
      return left;
    },
    setTls: () => replaceTlsPair(listener, config.tls, log),
    secrets,
    close: closeAll,
  };
}

function resourceOf(publicUrl: URL, { path }: ServerConfig): URL {
  return new URL(`${publicUrl.pathname.replace(/\/$/, '')}${path}`, publicUrl);
}

function publishMetadata(lock: Lock, config: Config, issuers: IssuerParts): PublishedDocument {
  const { server, resource, resourceMetadata } = lock.parts;
  return published(new URL(resourceMetadata).pathname, () =>
    protectedResourceMetadata({
      resource: resource.href,
      name: server,
      scopes: config.forwardAuth?.scopes ?? scopesOf(lock.policy),
      authorizationServers: issuers.authorizationServers(),
      proofs: proofsOf(config),
    }),
  );
}

function published(path: string, text: () => string): PublishedDocument {
  return { path, body: () => ({ status: 200, body: text() }) };
}

async function listen(
  config: Config,
  trusted: Trusted,
  log: Log,
  onRequest: ForwardService['handle'],
): Promise<Listener> {
  return startListener(
    {
      ...config.listen,
      tls: config.tls === null ? null : readTlsPair(config.tls),
      trusted,
      limits: toLimits(config.limits),
      log,
    },
    {
      onRequest,
      onBadRequest: (address, { reason }, status) =>
        log('warn', 'what a proxy sent could not be read', { address, reason, status }),
    },
  );
}

function scopesOf({ rules }: Policy): readonly string[] {
  const scopes = Object.values(rules)
    .flat()
    .flatMap((rule) => (rule.deny ? [] : rule.scopes));
  return [...new Set(scopes)].sort();
}
