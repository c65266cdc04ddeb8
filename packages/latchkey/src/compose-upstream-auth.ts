import { createLiveClient } from './compose-client.ts';
import { toServerKey } from './config/check-settings.ts';
import type { UpstreamConfig } from './config/config.ts';
import type { LiveSecrets } from './config/live-secrets.ts';
import { readAuthorities } from './config/tls-files.ts';
import type { UpstreamGrant } from './config/upstream-auth.ts';
import type { Log } from './core/log.ts';
import type { Outgoing } from './core/outgoing.ts';
import type { Refusal } from './core/reason.ts';
import type { UpstreamTokens } from './core/upstream-tokens.ts';
import { createDiscovery } from './oauth/discovery.ts';
import { createOutgoing } from './oauth/outgoing.ts';
import { atIssuer, atNamedIssuer, type LocateTokenServer } from './oauth/upstream/token-server.ts';
import { createUpstreamTokens, type GrantOptions } from './oauth/upstream/upstream-tokens.ts';

type HttpConfig = Extract<UpstreamConfig, { kind: 'http' }>;

/**
 * The tokens that the gateway gets for one server; null where it gets none. Asks nobody yet. Throws a LatchkeyError where
 * a secret or a file is missing.
 */
export function createUpstreamAuth(
  { url, ca, auth }: HttpConfig,
  { server, secrets, log }: { readonly server: string; readonly secrets: LiveSecrets; readonly log: Log },
): UpstreamTokens | null {
  if (auth === null) return null;
  const outgoing = createOutgoing({ ca: readAuthorities(auth.ca) });
  const locateNamed = (): LocateTokenServer =>
    atNamedIssuer({
      upstream: { outgoing: createOutgoing({ ca: readAuthorities(ca) }), url: new URL(url), resource: auth.resource },
      metadataOf: (issuer) => createDiscovery({ issuer, outgoing, given: null }),
      onState: reportState(server, log),
    });
  const toGrant = (grant: UpstreamGrant, key: string): GrantOptions => ({
    locate: locateConfigured(grant, outgoing) ?? locateNamed(),
    outgoing,
    authenticate: authenticateAs(grant, toServerKey(server, `upstream.auth.${key}`), secrets),
    scopes: grant.scopes,
    resource: grant.resource,
    audience: grant.audience,
  });
  const { clientCredentials: own, tokenExchange: exchange } = auth;
  return createUpstreamTokens({
    clientCredentials: own === null ? null : toGrant(own, 'clientCredentials'),
    tokenExchange: exchange === null ? null : { ...toGrant(exchange, 'tokenExchange'), from: new Set(exchange.from) },
  });
}

function locateConfigured({ issuer, tokenUrl }: UpstreamGrant, outgoing: Outgoing): LocateTokenServer | null {
  if (tokenUrl !== null) {
    const found = { issuer: issuer ?? tokenUrl, endpoint: tokenUrl };
    return () => Promise.resolve(found);
  }
  return issuer === null ? null : atIssuer(createDiscovery({ issuer, outgoing, given: null }));
}

function authenticateAs(
  { client, clientFrom }: UpstreamGrant,
  key: string,
  secrets: LiveSecrets,
): GrantOptions['authenticate'] {
  const at = clientFrom === null ? key : `auth.issuers.${clientFrom}`;
  return createLiveClient(client, `${at}.client`, secrets);
}

/** Says it when the server cannot be used any more, and when it can again. */
function reportState(server: string, log: Log): (refusal: Refusal | null) => void {
  let failed: string | null = null;
  return (refusal) => {
    const now = refusal?.detail ?? null;
    if (now !== null && now !== failed)
      log('error', 'no token can be had for a server: calls to it are refused', { server, reason: now });
    if (now === null && failed !== null) log('info', 'tokens can be had for a server again', { server });
    failed = now;
  };
}
