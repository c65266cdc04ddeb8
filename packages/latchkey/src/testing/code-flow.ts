import { hash } from 'node:crypto';
import { randomText, type Claims, type IssuedTokens, type Issuing } from './issued-tokens.ts';
import type { IssuerRequest } from './issuer-http.ts';

export interface CodeFlowOptions {
  /** The issuer identifier, which comes back with each code (RFC 9207). */
  readonly issuer: string;
  readonly tokens: IssuedTokens;
  /** Adds what every access token says. */
  readonly toClaims: (claims: Claims) => Claims;
  readonly format: NonNullable<Issuing['format']>;
  readonly subject: string;
}

interface Grant {
  /** Of all its access tokens. */
  readonly family: string;
  readonly client: string;
  readonly claims: Claims;
}

interface Code {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: string;
  used: boolean;
}

interface Refresh {
  readonly grant: Grant;
  used: boolean;
}

interface Flow extends CodeFlowOptions {
  readonly codes: Map<string, Code>;
  readonly refreshes: Map<string, Refresh>;
  /** Redirect URIs of the clients that were registered. */
  readonly clients: Map<string, readonly unknown[]>;
}

type Endpoint = (request: IssuerRequest) => Response | Promise<Response>;

/**
 * The endpoints, by their paths, of an authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8707) that asks
 * nobody: who comes is signed in and everything is approved. A refresh token or a code that is used again ends the grant.
 */
export function createCodeFlow(options: CodeFlowOptions): Readonly<Record<string, Endpoint>> {
  const flow: Flow = { ...options, codes: new Map(), refreshes: new Map(), clients: new Map() };
  return {
    '/authorize': (request) => authorize(flow, new URLSearchParams(request.query)),
    '/token': (request) => exchange(flow, new URLSearchParams(request.body), request),
    '/register': ({ body }) => register(flow, JSON.parse(body) as { redirect_uris?: unknown }),
    '/revoke': ({ body }) => revoke(flow, new URLSearchParams(body).get('token') ?? ''),
  };
}

function authorize(flow: Flow, asked: URLSearchParams): Response {
  const [client, redirectUri] = [asked.get('client_id') ?? '', asked.get('redirect_uri') ?? ''];
  const isTheirs = flow.clients.get(client)?.includes(redirectUri) ?? client !== '';
  if (!isTheirs || !URL.canParse(redirectUri))
    return refuse('invalid_request', 'client_id and redirect_uri do not fit');
  const goBack = (answer: Record<string, string>): Response => {
    const url = new URL(redirectUri);
    const state = asked.get('state');
    const members = { ...answer, iss: flow.issuer, ...(state !== null && { state }) };
    for (const [name, value] of Object.entries(members)) url.searchParams.set(name, value);
    return Response.redirect(url, 302);
  };
  if (asked.get('response_type') !== 'code') return goBack({ error: 'unsupported_response_type' });
  const challenge = asked.get('code_challenge') ?? '';
  if (asked.get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(challenge))
    return goBack({ error: 'invalid_request', error_description: 'PKCE with S256 is wanted' });
  const code = randomText();
  const grant = { family: code, client, claims: toGrantClaims(flow, client, asked) };
  flow.codes.set(code, { grant, redirectUri, challenge, used: false });
  return goBack({ code });
}

function toGrantClaims({ subject }: Flow, client: string, asked: URLSearchParams): Claims {
  const scope = asked.get('scope');
  const resources = asked.getAll('resource');
  return {
    sub: subject,
    client_id: client,
    ...(scope !== null && { scope }),
    ...(resources.length > 0 && { aud: resources.length === 1 ? resources[0] : resources }),
  };
}

async function exchange(flow: Flow, form: URLSearchParams, request: IssuerRequest): Promise<Response> {
  const client = form.get('client_id') ?? toBasicUser(request);
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return exchangeCode(flow, form, client);
    case 'refresh_token':
      return refresh(flow, form, client);
    default:
      return refuse('unsupported_grant_type');
  }
}

async function exchangeCode(flow: Flow, form: URLSearchParams, client: string): Promise<Response> {
  const code = flow.codes.get(form.get('code') ?? '');
  if (code === undefined || code.grant.client !== client) return refuse('invalid_grant', 'no such code');
  if (code.used) return endGrant(flow, code.grant, 'the code was used before');
  code.used = true;
  if (code.redirectUri !== form.get('redirect_uri')) return refuse('invalid_grant', 'redirect_uri is another one');
  const challenge = hash('sha256', form.get('code_verifier') ?? '', 'base64url');
  if (code.challenge !== challenge) return refuse('invalid_grant', 'code_verifier does not fit');
  return grantTokens(flow, code.grant, {});
}

async function refresh(flow: Flow, form: URLSearchParams, client: string): Promise<Response> {
  const found = flow.refreshes.get(form.get('refresh_token') ?? '');
  if (found === undefined || found.grant.client !== client) return refuse('invalid_grant', 'no such refresh token');
  if (found.used) return endGrant(flow, found.grant, 'the refresh token was used before');
  const scope = form.get('scope');
  const granted = String(flow.toClaims(found.grant.claims)['scope']).split(' ');
  if (scope?.split(' ').every((each) => granted.includes(each)) === false) return refuse('invalid_scope');
  found.used = true;
  return grantTokens(flow, found.grant, scope === null ? {} : { scope });
}

async function grantTokens(flow: Flow, grant: Grant, narrowed: Claims): Promise<Response> {
  const claims = flow.toClaims({ ...grant.claims, ...narrowed });
  const token = await flow.tokens.issue(claims, { format: flow.format, family: grant.family });
  const refreshToken = randomText();
  flow.refreshes.set(refreshToken, { grant, used: false });
  const seconds = Number(claims['exp']) - Number(claims['iat']);
  const given = { access_token: token, token_type: 'Bearer', expires_in: seconds, scope: claims['scope'] };
  return Response.json({ ...given, refresh_token: refreshToken }, { headers: { 'cache-control': 'no-store' } });
}

function endGrant({ tokens, refreshes }: Flow, { family }: Grant, why: string): Response {
  tokens.revokeFamily(family);
  for (const each of refreshes.values()) if (each.grant.family === family) each.used = true;
  return refuse('invalid_grant', why);
}

function register({ clients }: Flow, asked: { readonly redirect_uris?: unknown }): Response {
  if (!Array.isArray(asked.redirect_uris)) return refuse('invalid_redirect_uri');
  const client = randomText();
  clients.set(client, asked.redirect_uris);
  return Response.json({ token_endpoint_auth_method: 'none', ...asked, client_id: client }, { status: 201 });
}

function revoke(flow: Flow, token: string): Response {
  flow.tokens.revoke(token);
  const found = flow.refreshes.get(token);
  if (found !== undefined) endGrant(flow, found.grant, 'it was revoked');
  return new Response(null, { status: 200 });
}

/** RFC 6749 §5.2. */
function refuse(error: string, description?: string): Response {
  return Response.json({ error, error_description: description }, { status: 400 });
}

/** Who a client says it is by HTTP Basic (RFC 6749 §2.3.1); its secret is not looked at. */
function toBasicUser({ headers }: IssuerRequest): string {
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const [user = ''] = Buffer.from(basic, 'base64').toString().split(':');
  return decodeURIComponent(user.replaceAll('+', ' '));
}
