import { openRecords, startAll, toLimits, type Closing } from './compose-records.ts';
import { assertReplaceable, replaceTools, servesSameTools } from './compose-tools.ts';
import { createIssuers } from './compose-issuers.ts';
import { createUpstream, loadIdentityKeys, publishIdentityKeys, type UpstreamAround } from './compose-upstream.ts';
import type { Config } from './config/config.ts';
import { createInForce } from './config/in-force.ts';
import { createLiveSecrets, type LiveSecrets } from './config/live-secrets.ts';
import { readTlsPair, replaceTlsPair } from './config/tls-files.ts';
import type { Log } from './core/log.ts';
import type { Store } from './core/store.ts';
import type { ProtectedServer } from './gateway/exchange.ts';
import { startGateway } from './gateway/gateway.ts';
import { checkAddress } from './gateway/listener.ts';
import { protectedResourceMetadata } from './lock/protected-resource.ts';
import { createTrusted } from './lock/trusted-proxies.ts';
import type { FirstToken } from './rotation/first-token.ts';
import {
  createVerifier,
  endOfStored,
  proofsOf,
  readStaticTokens,
  rotate,
  startTokens,
  toAnswering,
} from './compose-credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The whole program, running. */
export interface Running {
  readonly port: number;
  readonly servers: readonly ProtectedServer[];
  readonly store: Store;
  /** The token made because the store had no credential that still works; it is shown once. */
  readonly firstToken: FirstToken | null;
  readonly staticTokens: number;
  /**
   * Puts rules and declared tools of a new configuration in force; says which servers it could not change so. Throws a
   * LatchkeyError when the tools cannot run here; then nothing is changed. What changed goes to the trail, as by `file`.
   */
  reload(config: Config, file: string): readonly string[];
  setTls(): void;
  /** Those that stand in files can be read again. */
  readonly secrets: Pick<LiveSecrets, 'files' | 'readAgain'>;
  /** False when a part did not end well: then the trail may lack its last records. */
  close(graceMs: number): Promise<boolean>;
}

/** Joins the parts as the configuration says and starts them. Throws a LatchkeyError; then nothing is left running. */
export async function compose(config: Config, env: Environment, log: Log): Promise<Running> {
  return startAll(log, (closing, closeAll) => start(config, env, log, closing, closeAll));
}

async function start(
  config: Config,
  env: Environment,
  log: Log,
  closing: Closing,
  closeAll: () => Promise<boolean>,
): Promise<Running> {
  const staticTokens = readStaticTokens(config, env);
  // Before anything that takes time: a server may need half a minute to start.
  await checkAddress(config.listen);
  const { store, uses, trail, recordReload, readiness } = await openRecords(config, log, closing);
  const inForce = createInForce(config);
  const secrets = createLiveSecrets(env);
  const identityKeys = await loadIdentityKeys(config, () => store.secret('upstream-identity'));
  const servers = await startServers(config, { env, secrets, log, identityKeys }, closing);
  const issuers = createIssuers(
    config,
    {
      resourcesOf: (name) => urlsOf(servers.find((server) => server.name === name)),
      origin: () => new URL(servers[0]?.resource ?? '').origin,
    },
    secrets,
  );
  const proofs = proofsOf(config);
  const gateway = await startGateway({
    host: config.listen.host,
    port: config.listen.port,
    tls: config.tls === null ? null : readTlsPair(config.tls),
    trusted: createTrusted(config.behindProxy?.trusted ?? []),
    publicUrl: config.publicUrl === null ? null : new URL(config.publicUrl),
    origins: config.origins,
    servers,
    verifier: await createVerifier(config, store, staticTokens, uses, issuers.verifiers),
    ...toAnswering(config),
    encryptedOnly: config.tls !== null,
    limits: toLimits(config.limits),
    compat: config.compat,
    trail,
    readiness,
    pins: store.pins,
    sealKey: await store.secret('session-seal'),
    storeVersion: () => store.version(),
    endOf: (principal) =>
      principal.issuer === null ? endOfStored(store, principal) : issuers.endOf(principal, Date.now()),
    documents: [...issuers.documents, ...(identityKeys === null ? [] : [publishIdentityKeys(identityKeys)])],
    endpoints: issuers.endpoints,
    metadata: (resource) =>
      protectedResourceMetadata({ ...resource, authorizationServers: issuers.authorizationServers(), proofs }),
    rotate: (secret, now) => rotate(config, store, secret, now),
    log,
  });
  let graceMs = 0;
  const firstToken = await startTokens(config, { store, staticTokens, log }, closing, () => gateway.close(graceMs));
  return {
    port: gateway.port,
    servers,
    store,
    firstToken,
    staticTokens: staticTokens.length,
    reload(next, file) {
      for (const { upstream } of next.servers) assertReplaceable(upstream, env);
      const left = replacePolicies(servers, config, next);
      recordReload(file, inForce.take(next, left));
      return left;
    },
    setTls: () => replaceTlsPair(gateway, config.tls, log),
    secrets,
    close(grace) {
      graceMs = grace;
      return closeAll();
    },
  };
}

async function startServers(
  config: Config,
  around: Omit<UpstreamAround, 'origin'>,
  closing: Closing,
): Promise<readonly ProtectedServer[]> {
  const prefix = config.publicUrl === null ? '' : new URL(config.publicUrl).pathname.replace(/\/$/, '');
  const servers: ProtectedServer[] = [];
  const origin = (): string => new URL(servers[0]?.resource ?? '').origin;
  for (const server of config.servers) {
    const upstream = createUpstream(server, config, { ...around, origin });
    closing.push(() => upstream.close());
    if ('start' in upstream) await upstream.start();
    servers.push({
      name: server.name,
      path: `${prefix}${server.path}`,
      resource: '',
      resourceMetadata: '',
      sseMetadata: '',
      sseUrl: null,
      protocol: server.protocol,
      pin: server.pin,
      upstream,
      policy: server.policy,
    });
  }
  return servers;
}

// Who came by the URL of the HTTP+SSE stream has a token for that one.
function urlsOf(server: ProtectedServer | undefined): readonly string[] {
  if (server === undefined) return [];
  return server.sseUrl === null ? [server.resource] : [server.resource, server.sseUrl];
}

function replacePolicies(servers: readonly ProtectedServer[], before: Config, next: Config): readonly string[] {
  const found = new Map(next.servers.map((server) => [server.name, server]));
  const unchanged: string[] = [];
  for (const server of servers) {
    const changed = found.get(server.name);
    const was = before.servers.find(({ name }) => name === server.name)?.upstream ?? null;
    if (changed === undefined || !servesSameTools(was, changed.upstream)) unchanged.push(server.name);
    else {
      // The rules first: whoever hears that the tools changed sees those it may use now.
      server.policy = changed.policy;
      replaceTools(server.upstream, changed.upstream);
    }
  }
  for (const { name } of next.servers) if (!before.servers.some((server) => server.name === name)) unchanged.push(name);
  return unchanged;
}
