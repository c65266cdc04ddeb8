import { isSafe } from '../core/outgoing.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import { clientOf, exchangedNames, exchangeIssuer, staysWithItsIssuer } from './upstream-auth.ts';
import type { Path } from './yaml-document.ts';

type Where = (...path: Path) => string;
type Upstream = NonNullable<Settings['upstream']>;
type Auth = Settings['auth'];
type UpstreamAuth = NonNullable<Upstream['auth']>;
type Grant = NonNullable<UpstreamAuth['clientCredentials']>;

/** Headers of a client that pass as they are, and those that carry credentials. */
const NO_IDENTITY =
  /^(?:accept-language|user-agent|traceparent|tracestate|baggage|authorization|cookie|dpop|x-api-key)$/;

/** How an HTTP upstream's identity header and tokens go together with its other headers and with `auth`. */
export function checkUpstreamAuth(upstream: Upstream, auth: Auth, where: Where): Problem[] {
  const names = Object.keys(upstream.headers ?? {}).map((name) => name.toLowerCase());
  return [...checkIdentity(upstream, names, where), ...checkTokens(upstream, names, auth, where)];
}

function checkIdentity({ identity }: Upstream, names: readonly string[], where: Where): Problem[] {
  if (identity === undefined) return [];
  const at = where('identity', 'header');
  const name = identity.header.toLowerCase();
  if (names.includes(name)) return [invalid(at, `${identity.header} is also in headers`)];
  if (NO_IDENTITY.test(name)) return [invalid(at, `${identity.header} has another meaning`, 'take another name')];
  // Programs that make variables of headers take _ and - for the same.
  return /^[a-z0-9-]+$/.test(name) ? [] : [invalid(at, 'must be of letters, digits and -', 'take another name')];
}

function checkTokens({ auth: tokens }: Upstream, names: readonly string[], auth: Auth, where: Where): Problem[] {
  if (tokens === undefined) return [];
  const { clientCredentials, tokenExchange } = tokens;
  const problems: Problem[] = [];
  if (clientCredentials === undefined && tokenExchange === undefined)
    problems.push(invalid(where('auth'), 'give clientCredentials, tokenExchange, or both'));
  if (names.includes('authorization'))
    problems.push(invalid(where('headers'), 'has authorization, which upstream.auth sets', 'remove one of them'));
  const grantAt =
    (kind: keyof UpstreamAuth): Where =>
    (...more) =>
      where('auth', kind, ...more);
  if (clientCredentials !== undefined)
    problems.push(...checkGrant(clientCredentials, clientCredentials.issuer, auth, grantAt('clientCredentials')));
  if (tokenExchange !== undefined) problems.push(...checkExchange(tokenExchange, auth, grantAt('tokenExchange')));
  return problems;
}

function checkGrant(grant: Grant, issuer: string | undefined, { issuers }: Auth, at: Where): Problem[] {
  const problems = (['issuer', 'tokenUrl'] as const)
    .filter((key) => grant[key] !== undefined && !isSafe(new URL(grant[key])))
    .map((key) => invalid(at(key), 'plain http would cross the network in clear', 'use https'));
  const client = clientOf(grant, issuer, issuers);
  if (client === undefined) problems.push(invalid(at(), 'client is missing', 'set client: {id, secret}'));
  else if (client.auth !== 'none' && client.secret === undefined)
    problems.push(invalid(at(), `its client has no secret for ${client.auth}`, 'set client.secret'));
  return problems;
}

function checkExchange(exchange: NonNullable<UpstreamAuth['tokenExchange']>, auth: Auth, at: Where): Problem[] {
  const { issuers, enabled } = auth;
  const named = exchangedNames(exchange, issuers);
  const issuer = exchangeIssuer(exchange, issuers);
  const problems = checkGrant(exchange, issuer, auth, at);
  const unknown = named.find((name) => !Object.hasOwn(issuers, name));
  if (unknown !== undefined) problems.push(invalid(at('from'), `${unknown} is no issuer in auth.issuers`));
  if (named.length === 0 || !enabled)
    return [...problems, invalid(at(), 'no caller has a token to exchange', 'set auth.issuers')];
  // Callers' tokens go to no place that a server behind the gateway chooses.
  if (issuer === undefined && exchange.tokenUrl === undefined)
    problems.push(invalid(at(), 'says not where tokens are exchanged', 'set issuer or tokenUrl'));
  // One issuer's token is shown to another only where that is written down.
  else if (exchange.from === undefined && !staysWithItsIssuer(exchange, issuers))
    problems.push(
      invalid(at(), 'would send tokens to another issuer than their own', 'set from: [NAME in auth.issuers]'),
    );
  return problems;
}
