import { hash } from 'node:crypto';
import type { AuthenticateClient } from '../../core/issuer.ts';
import type { Outgoing } from '../../core/outgoing.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import type { Secret } from '../../core/secret.ts';
import type { Asker, UpstreamTokens } from '../../core/upstream-tokens.ts';
import { requestToken } from './request-token.ts';
import { TokenCache } from './token-cache.ts';
import type { AskForToken } from './token-holder.ts';
import type { LocateTokenServer } from './token-server.ts';

/** What one grant asks for, and where. */
export interface GrantOptions {
  readonly locate: LocateTokenServer;
  readonly outgoing: Outgoing;
  readonly authenticate: AuthenticateClient;
  readonly scopes: readonly string[];
  /** RFC 8707 §2; null: it is not sent. */
  readonly resource: string | null;
  /** RFC 8693 §2.1, and some issuers' own parameter for other grants; null: it is not sent. */
  readonly audience: string | null;
}

export interface UpstreamTokensOptions {
  /** One token for the gateway (OAuth 2.1 §4.2); null: it has none of its own. */
  readonly clientCredentials: GrantOptions | null;
  /** One token for each caller's (RFC 8693), of the issuers with these identifiers; null: no caller's is exchanged. */
  readonly tokenExchange: (GrantOptions & { readonly from: ReadonlySet<string> }) | null;
}

const OWN = '';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** Tokens live in memory only, and each is sent for nobody but the one it was asked for. */
export function createUpstreamTokens({ clientCredentials, tokenExchange }: UpstreamTokensOptions): UpstreamTokens {
  const cache = new TokenCache();

  const planOf = ({ principal, subject }: Asker): Plan | null => {
    if (tokenExchange !== null && principal.issuer !== null && tokenExchange.from.has(principal.issuer) && subject)
      return { key: keyOf(principal.id, subject), ask: (now) => exchange(tokenExchange, subject, now) };
    return clientCredentials === null ? null : { key: OWN, ask: (now) => askOwn(clientCredentials, now) };
  };

  return {
    ofCallers: tokenExchange !== null,
    find(asker, now) {
      const plan = planOf(asker);
      return plan === null ? NOT_EXCHANGED : cache.find(plan.key, now, () => plan.ask(now));
    },
    replace(refused, asker, now) {
      const plan = planOf(asker);
      return plan === null ? null : cache.replace(plan.key, refused, now, () => plan.ask(now));
    },
    own: (now) => cache.current(OWN, now),
  };
}

interface Plan {
  readonly key: string;
  readonly ask: (now: number) => ReturnType<AskForToken>;
}

const NOT_EXCHANGED: Refusal = Object.freeze(
  refuse('policy-denied', {
    detail: 'this server is reached with its callers’ own tokens, and this credential is of no issuer in upstream.auth',
  }),
);

/** The holder is part of the key, so that one who comes to have another's token does not get what was made for them. */
function keyOf(id: string, subject: Secret): string {
  return hash('sha256', `${id}\n${subject.reveal()}`, 'base64url');
}

function askOwn(grant: GrantOptions, now: number): ReturnType<AskForToken> {
  return ask(grant, new URLSearchParams({ grant_type: 'client_credentials' }), false, now);
}

function exchange(grant: GrantOptions, subject: Secret, now: number): ReturnType<AskForToken> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject.reveal(),
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
  });
  return ask(grant, form, true, now);
}

async function ask(
  grant: GrantOptions,
  form: URLSearchParams,
  exchanged: boolean,
  now: number,
): ReturnType<AskForToken> {
  const server = await grant.locate(now);
  if ('reason' in server) return server;
  if (grant.resource !== null) form.set('resource', grant.resource);
  if (grant.audience !== null) form.set('audience', grant.audience);
  if (grant.scopes.length > 0) form.set('scope', grant.scopes.join(' '));
  const { outgoing, authenticate } = grant;
  return requestToken({ outgoing, authenticate, server, form, exchange: exchanged, now });
}
