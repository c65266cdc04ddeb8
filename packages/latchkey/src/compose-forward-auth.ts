import type { Place } from './adapters/forward-answer.ts';
import { ASKED_AT } from './adapters/forward-auth.ts';
import { createForwardService, type ForwardService } from './adapters/forward-service.ts';
import {
  createVerifier,
  makeFirstToken,
  proofsOf,
  readStaticTokens,
  startAutomaticRotation,
} from './compose-credentials.ts';
import { checkForwardAuth } from './compose-forward-check.ts';
import { createIssuers } from './compose-issuers.ts';
import { openRecords, startAll, toLimits, type Closing } from './compose-records.ts';
import { loadIdentityKeys, publishIdentityKeys } from './compose-upstream.ts';
import { formatAddress } from './config/address.ts';
import type { Config, ServerConfig } from './config/config.ts';
import { createInForce } from './config/in-force.ts';
import { createLiveSecrets, type LiveSecrets } from './config/live-secrets.ts';
import { readTlsPair } from './config/tls-files.ts';
import type { PublishedDocument } from './core/endpoint.ts';
import type { Log } from './core/log.ts';
import type { Policy } from './core/policy.ts';
import { createAnonymous } from './core/principal.ts';
import { checkAddress, startListener, type Listener } from './gateway/listener.ts';
import { createForwardMcpGuard, createForwardRouteGuard } from './lock/forward-guard.ts';
import { createLock, type Lock, type LockParts } from './lock/lock.ts';
import { protectedResourceMetadata } from './lock/protected-resource.ts';
import { namesOf } from './lock/resource-names.ts';
import { createTrusted, type Trusted } from './lock/trusted-proxies.ts';
import type { AutomaticRotation } from './rotation/automatic.ts';
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
  const proofs = proofsOf(config);
  const names = namesOf(publicUrl);
  const shared = {
    verifier: await createVerifier(config, store, staticTokens, uses, issuers.verifiers),
    anonymous: config.auth.anonymous === null ? null : createAnonymous(config.auth.anonymous.scopes),
    encryptedOnly: publicUrl.protocol === 'https:',
    unknownTokenStatus: config.auth.unknownTokenStatus,
    proofAlgorithms: proofs === null ? null : proofs.algorithms.join(' '),
    limits: toLimits(config.limits),
    hosts: names.hosts,
    origins: new Set([...names.origins, ...config.origins]),
    trail,
    // What is let in is over at once.
    version: () => Number.NaN,
    endOf: () => null,
    now: Date.now,
    onError: (error: unknown) => log('error', 'a request could not be judged', { error: String(error) }),
  } satisfies Partial<LockParts>;
  const locks = createLocks(config.servers, resources, shared);
  const places = createPlaces(config, locks, (audience) =>
    identityKeys === null ? null : createSignIdentity({ keys: identityKeys, issuer: () => publicUrl.origin, audience }),
  );
  const documents = [
    ...issuers.documents,
    ...(identityKeys === null ? [] : [publishIdentityKeys(identityKeys)]),
    ...locks.map((lock) =>
      published(new URL(lock.parts.resourceMetadata).pathname, () =>
        protectedResourceMetadata({
          resource: lock.parts.resource.href,
          name: lock.parts.server,
          scopes: proxy.scopes ?? scopesOf(lock.policy),
          authorizationServers: issuers.authorizationServers(),
          proofs,
        }),
      ),
    ),
    published('/healthz', () => '{"status":"ok"}'),
    { path: '/readyz', body: readiness },
  ];
  const { trusted } = proxy;
  const service = createForwardService(
    { proxy: proxy.proxy, trusted, path: ASKED_AT, given: places.given },
    places.placeOf,
    documents,
  );
  const listener = await listen(config, createTrusted(trusted), log, (request, response) =>
    service.handle(request, response),
  );
  let rotation: AutomaticRotation | null = null;
  closing.push(() => rotation?.stop());
  closing.push(() => listener.stop(() => service.drained()));
  // Last, so that no token is made by a start that fails: it could never be shown.
  const firstToken = await makeFirstToken(config, store, staticTokens);
  rotation = startAutomaticRotation(config, store, log, firstToken);
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
    setTls: () => replaceTls(listener, config, log),
    secrets,
    close: closeAll,
  };
}

function resourceOf(publicUrl: URL, { path }: ServerConfig): URL {
  return new URL(`${publicUrl.pathname.replace(/\/$/, '')}${path}`, publicUrl);
}

/** One lock for each server; whoever fails or asks too much at one does so at all of them. */
function createLocks(
  servers: readonly ServerConfig[],
  resources: ReadonlyMap<string, URL>,
  shared: Omit<LockParts, 'server' | 'resource' | 'resourceMetadata' | 'protocol'>,
): readonly Lock[] {
  const locks = servers.map(({ name, protocol, policy }) => {
    const resource = resources.get(name) as URL;
    const resourceMetadata = `${resource.origin}${WELL_KNOWN}${resource.pathname}`;
    return createLock({ ...shared, server: name, protocol, resource, resourceMetadata }, policy);
  });
  const [first] = locks;
  return locks.map((lock) => ({ ...lock, state: (first as Lock).state }));
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

type PlaceOf = (path: string) => Place;

function createPlaces(
  { servers, forwardAuth }: Config,
  locks: readonly Lock[],
  signerFor: (audience: string) => NonNullable<Place['identity']>['sign'] | null,
): { readonly placeOf: PlaceOf; readonly given: readonly string[] } {
  const scopes = forwardAuth?.scopes ?? null;
  const bodyChecked = forwardAuth?.bodyChecked === true;
  const places = new Map(
    locks.map((lock, i): [string, Place] => {
      const upstream = servers[i]?.upstream ?? null;
      const told = upstream?.kind === 'http' ? upstream.identity : null;
      const sign = told === null ? null : signerFor(told.audience);
      return [
        lock.parts.resource.pathname,
        {
          guard:
            scopes === null ? createForwardMcpGuard(lock, { bodyChecked }) : createForwardRouteGuard(lock, { scopes }),
          identity: told === null || sign === null ? null : { header: told.header, sign },
        },
      ];
    }),
  );
  const [first] = places.values();
  // Where one guard is in charge of every path it is; else it refuses what is not its own.
  const elsewhere: Place =
    scopes !== null && locks.length === 1
      ? (first as Place)
      : { guard: createForwardMcpGuard(locks[0] as Lock, { bodyChecked: true }), identity: null };
  return {
    placeOf: (path) => places.get(path) ?? elsewhere,
    given: [...places.values()].flatMap(({ identity }) => (identity === null ? [] : [identity.header])),
  };
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

function replacePolicies(locks: readonly Lock[], { servers }: Config): readonly string[] {
  const found = new Map(servers.map((server) => [server.name, server]));
  const unchanged = locks.filter(({ parts }) => !found.has(parts.server)).map(({ parts }) => parts.server);
  for (const lock of locks) lock.policy = found.get(lock.parts.server)?.policy ?? lock.policy;
  return [
    ...unchanged,
    ...servers.filter(({ name }) => !locks.some(({ parts }) => parts.server === name)).map(({ name }) => name),
  ];
}

function replaceTls(listener: Listener, { tls }: Config, log: Log): void {
  if (tls === null) return;
  try {
    listener.setTls(readTlsPair(tls));
    log('info', 'the TLS certificate was replaced');
  } catch (error) {
    log('error', 'the new TLS certificate cannot be used; the old one stays', { error: String(error) });
  }
}
