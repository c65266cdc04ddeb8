import type { AuthenticateClient } from '../../core/issuer.ts';
import { OutgoingError, type Outgoing, type OutgoingAnswer } from '../../core/outgoing.ts';
import { parseStrict } from '../../core/parse-strict.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import { Secret } from '../../core/secret.ts';
import { LONGEST_TOKEN } from '../../core/verifier.ts';
import type { IssuedToken } from './token-holder.ts';

/** Where tokens are asked for. */
export interface TokenServer {
  readonly issuer: string;
  readonly endpoint: string;
}

export interface TokenRequest {
  readonly outgoing: Outgoing;
  readonly authenticate: AuthenticateClient;
  readonly server: TokenServer;
  /** The grant, without what proves the client. */
  readonly form: URLSearchParams;
  /** Whether the token is asked for by a caller's own: then what is wrong may be that one. */
  readonly exchange: boolean;
  readonly now: number;
}

/** RFC 6750 §2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
/** For a token whose end is not told (RFC 6749 §5.1). */
const DEFAULT_LIFE_S = 300;
const LONGEST_LIFE_S = 24 * 3600;
const TOKEN_TYPES = ['access_token', 'jwt'].map((type) => `urn:ietf:params:oauth:token-type:${type}`);

/** RFC 6749 §5.2 and RFC 8693 §2.2.2: what is said of the caller's token, and what of this gateway's configuration. */
const OF_SUBJECT: ReadonlySet<string> = new Set(['invalid_request', 'invalid_grant', 'invalid_token', 'access_denied']);
const OF_CLIENT: ReadonlySet<string> = new Set([
  ...OF_SUBJECT,
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

/** Asks a token endpoint once (RFC 6749 §5, RFC 8693 §2). Never rejects. */
export async function requestToken(request: TokenRequest): Promise<IssuedToken | Refusal> {
  try {
    const { outgoing, authenticate, server, now } = request;
    const form = new URLSearchParams(request.form);
    const proof = await authenticate(form, { ...server, now });
    const headers = ['content-type', 'application/x-www-form-urlencoded', ...proof];
    const answer = await outgoing({ method: 'POST', url: server.endpoint, headers, body: form.toString() });
    return readAnswer(answer, request);
  } catch (error) {
    if (error instanceof OutgoingError) return unavailable(error.message);
    // A key that cannot sign, say. What went wrong may have text of the secret in it.
    return refuse('upstream-invalid', { detail: 'the request for a token could not be made; see upstream.auth' });
  }
}

/** The issuer is the one that cannot be used at the moment. */
export function unavailable(detail: string): Refusal {
  return refuse('issuer-unavailable', { retryAfterSeconds: 2, detail });
}

function readAnswer({ status, body }: OutgoingAnswer, request: TokenRequest): IssuedToken | Refusal {
  const members = parseObject(body);
  if (status === 200) return members === null ? unavailable(NO_TOKEN) : readToken(members, request.now);
  const error = members?.['error'];
  if (status < 400 || status >= 500 || typeof error !== 'string' || !OF_CLIENT.has(error))
    return unavailable(`the token endpoint answered ${status}`);
  if (request.exchange && OF_SUBJECT.has(error))
    return refuse('policy-denied', { detail: `the issuer does not exchange the token of this caller (${error})` });
  return refuse('upstream-invalid', { detail: `the issuer gives no token (${error}); see upstream.auth` });
}

const NO_TOKEN = 'the token endpoint gave no usable answer';

function readToken(members: Readonly<Record<string, unknown>>, now: number): IssuedToken | Refusal {
  const { access_token: token, token_type: type, issued_token_type: issued, expires_in: life } = members;
  if (typeof token !== 'string' || token.length > LONGEST_TOKEN || !TOKEN.test(token)) return unavailable(NO_TOKEN);
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return refuse('upstream-invalid', { detail: 'the issuer gives tokens that are no bearer tokens' });
  if (issued !== undefined && !TOKEN_TYPES.includes(String(issued)))
    return refuse('upstream-invalid', { detail: 'the issuer gives something else than an access token' });
  return { secret: new Secret(token), expiresAt: now + toLife(life) * 1000 };
}

/** Some write the number as text. */
function toLife(given: unknown): number {
  const seconds = typeof given === 'string' && /^\d{1,10}$/.test(given) ? Number(given) : given;
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, LONGEST_LIFE_S) : DEFAULT_LIFE_S;
}

/** Null for what is no JSON object, or one that two programs would read in two ways. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  const value = parseStrict(Buffer.from(text));
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
