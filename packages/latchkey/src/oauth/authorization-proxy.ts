import type { Endpoint, EndpointAnswer, EndpointRequest, PublishedDocument } from '../core/endpoint.ts';
import type { LoadMetadata } from '../core/issuer.ts';
import type { Outgoing } from '../core/outgoing.ts';
import { proxiedMetadata } from './authorization-proxy/metadata.ts';
import { fail, failWith, passBack } from './authorization-proxy/answers.ts';
import { readParameters, rewriteParameters, type Rewriting } from './authorization-proxy/parameters.ts';

export interface AuthorizationProxyOptions {
  /** Path of the issuer identifier that clients see, such as `/oauth/entra`. */
  readonly path: string;
  /** Origin of every URL of this gateway, without a slash at its end; known once it listens. */
  readonly origin: () => string;
  readonly rewriting: Rewriting;
  /** Members that the issuer leaves out of its metadata. */
  readonly supports: Readonly<Record<string, unknown>>;
  readonly metadata: LoadMetadata;
  readonly outgoing: Outgoing;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface AuthorizationProxy {
  /** The issuer identifier to publish instead of the issuer's own. */
  issuer(): string;
  readonly documents: readonly PublishedDocument[];
  readonly endpoints: readonly Endpoint[];
}

/**
 * Stands between clients and an issuer that does not take what MCP clients send: it rewrites parameters and passes
 * everything else on. It keeps nothing: codes, tokens and client secrets go through and are forgotten.
 */
export function createAuthorizationProxy(options: AuthorizationProxyOptions): AuthorizationProxy {
  const { path, origin } = options;
  const issuer = (): string => `${origin()}${path}`;
  const body: PublishedDocument['body'] = async () => {
    const metadata = await options.metadata(options.now());
    return { status: 200, body: JSON.stringify(proxiedMetadata(metadata, { issuer: issuer(), ...options })) };
  };
  // The places that clients try, in their order (RFC 8414 §3.1, §5; OpenID Connect Discovery 1.0 §4).
  const places = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    `${path}/.well-known/openid-configuration`,
  ];
  const endpoint = createEndpoints();
  return {
    issuer,
    documents: places.map((place) => ({ path: place, body })),
    endpoints: [
      endpoint(`${path}/authorize`, 'GET', (request) => sendOn(options, request)),
      endpoint(`${path}/token`, 'POST', (request) => exchange(options, request)),
      endpoint(`${path}/register`, 'POST', (request) => register(options, request)),
    ],
  };
}

// Anybody may call, so only so many wait for the issuer at a time.
const MOST_AT_A_TIME = 64;

/** Endpoints of one issuer, which share what may be under way. */
function createEndpoints(): (path: string, method: 'GET' | 'POST', handle: Endpoint['handle']) => Endpoint {
  let underWay = 0;
  return (path, method, handle) => ({
    path,
    methods: [method],
    async handle(request) {
      if (underWay >= MOST_AT_A_TIME)
        return fail(503, 'temporarily_unavailable', 'Too many sign in at this moment. Try again.', RETRY);
      underWay += 1;
      try {
        return await handle(request);
      } catch {
        // The issuer could not be asked, or its answer was none.
        return fail(503, 'temporarily_unavailable', 'The issuer does not answer. Try again.', RETRY);
      } finally {
        underWay -= 1;
      }
    },
  });
}

const RETRY = ['retry-after', '1'] as const;

/** RFC 6749 §4.1.1. Where it leads is the issuer's word alone; what is wrong is said here, never by a redirect. */
async function sendOn(options: AuthorizationProxyOptions, { query }: EndpointRequest): Promise<EndpointAnswer> {
  const read = readParameters(query);
  if ('error' in read) return failWith(read);
  const { parameters } = read;
  if (parameters.has('request') || parameters.has('request_uri'))
    return fail(400, 'invalid_request', 'Parameters in a request object are not taken here.');
  if (parameters.get('response_type') !== 'code')
    return fail(400, 'unsupported_response_type', 'response_type must be code.');
  // OAuth 2.1 §4.1.2.1. The metadata promise it, and the issuer may take requests without.
  if (parameters.get('code_challenge_method') !== 'S256' || !DIGEST.test(parameters.get('code_challenge') ?? ''))
    return fail(400, 'invalid_request', 'code_challenge by S256 is needed (PKCE).');
  const { authorizationEndpoint } = await options.metadata(options.now());
  if (authorizationEndpoint === null) return fail(404, 'invalid_request', 'The issuer has no such endpoint.');
  const url = new URL(authorizationEndpoint);
  // What the issuer put there itself stays (RFC 6749 §3.1).
  const own = new Set(url.searchParams.keys());
  for (const [name, value] of rewriteParameters(parameters, 'authorize', options.rewriting))
    if (!own.has(name)) url.searchParams.append(name, value);
  return { status: 302, headers: ['location', url.href, ...UNSEEN], body: '' };
}

/** SHA-256 in base64url (RFC 7636 §4.2). */
const DIGEST = /^[\w-]{43}$/;

/** The query has the state of a client and, for a moment, the address bar of a person. */
const UNSEEN = ['cache-control', 'no-store', 'referrer-policy', 'no-referrer'] as const;

// Others, such as the password grant, would make this gateway the place from which passwords are tried.
const GRANTS: ReadonlySet<string | null> = new Set(['authorization_code', 'refresh_token', 'client_credentials']);
/** Of the client, in a form (RFC 6749 §2.3, RFC 7521 §4.2). */
const SECRETS = ['client_secret', 'client_assertion'];
const BASIC = /^Basic +[A-Za-z0-9+/]{1,8192}={0,2}$/i;
const FORM = /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i;
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i;

/** RFC 6749 §4.1.3 and §6. */
async function exchange(options: AuthorizationProxyOptions, request: EndpointRequest): Promise<EndpointAnswer> {
  const { contentType, authorization, query, body } = request;
  if (query !== '') return fail(400, 'invalid_request', 'Parameters belong in the body.');
  if (contentType === null || !FORM.test(contentType))
    return fail(400, 'invalid_request', 'The body must be application/x-www-form-urlencoded.');
  if (authorization !== null && !BASIC.test(authorization))
    return fail(401, 'invalid_client', 'Only HTTP Basic is taken in Authorization.', [...WITH_BASIC]);
  const read = readParameters(body);
  if ('error' in read) return failWith(read);
  if (!GRANTS.has(read.parameters.get('grant_type')))
    return fail(400, 'unsupported_grant_type', 'This grant type is not taken here.');
  if (read.parameters.get('grant_type') === 'authorization_code' && !read.parameters.get('code_verifier'))
    return fail(400, 'invalid_request', 'code_verifier is needed (PKCE).');
  if (authorization !== null && SECRETS.some((name) => read.parameters.get(name)))
    return fail(400, 'invalid_request', 'A client proves who it is in one way only.');
  const { tokenEndpoint } = await options.metadata(options.now());
  if (tokenEndpoint === null) return fail(404, 'invalid_request', 'The issuer has no such endpoint.');
  const form = new URLSearchParams(rewriteParameters(read.parameters, 'token', options.rewriting));
  const headers = ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'];
  if (authorization !== null) headers.push('authorization', authorization);
  const answer = await options.outgoing({ method: 'POST', url: tokenEndpoint, headers, body: form.toString() });
  return passBack(answer, { grants: 'access_token', challenge: authorization === null ? [] : WITH_BASIC });
}

const WITH_BASIC = ['www-authenticate', 'Basic realm="token endpoint"'] as const;

/** RFC 7591 §3.1. */
async function register(options: AuthorizationProxyOptions, request: EndpointRequest): Promise<EndpointAnswer> {
  const { contentType, authorization, body } = request;
  const { registrationEndpoint } = await options.metadata(options.now());
  if (registrationEndpoint === null) return fail(404, 'invalid_request', 'The issuer registers no clients this way.');
  if (contentType === null || !JSON_TYPE.test(contentType))
    return fail(400, 'invalid_client_metadata', 'The body must be application/json.');
  if (authorization !== null && !BEARER.test(authorization))
    return fail(401, 'invalid_token', 'Only a bearer token is taken in Authorization.');
  const client = toObject(body);
  if (client === null) return fail(400, 'invalid_client_metadata', 'The body is no JSON object.');
  const headers = ['content-type', 'application/json', 'accept', 'application/json'];
  if (authorization !== null) headers.push('authorization', authorization);
  const sent = { method: 'POST', url: registrationEndpoint, headers, body: JSON.stringify(client) } as const;
  return passBack(await options.outgoing(sent), { grants: 'client_id', challenge: [] });
}

const BEARER = /^Bearer +[A-Za-z0-9._~+/=:-]{1,8192}$/i;

function toObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
