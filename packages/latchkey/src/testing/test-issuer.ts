import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expectOptions, type KnownOptions } from '../core/expect-options.ts';
import type { Awaitable } from '../core/store.ts';
import { createCodeFlow } from './code-flow.ts';
import { createIssuedTokens, type Claims, type IssuedTokens, type Issuing } from './issued-tokens.ts';
import {
  answerOf,
  listenOn,
  readRequest,
  sendResponse,
  stopServer,
  toResponse,
  type Answer,
  type IssuerRequest,
} from './issuer-http.ts';
import type { Signing } from './issuer-keys.ts';
import { toIssuerMetadata, toMetadataPaths } from './issuer-metadata.ts';
import { createKeyRing, type KeyRing } from './key-ring.ts';

/** An OAuth issuer on loopback that signs whatever it is told to, so never one to trust outside of tests. */
export interface TestIssuer extends KeyRing {
  /** The issuer identifier. */
  readonly url: string;
  /** Where all its endpoints are. */
  readonly origin: string;
  /** What it was asked, oldest first. */
  readonly requests: readonly IssuerRequest[];
  /** How often a path was asked for. */
  countOf(path: string): number;
  /**
   * A right access token with these claims over it (`undefined` leaves one out): iss, sub `alice`, aud, iat, exp in 5 min,
   * jti, client_id `test-client`, scope `mcp`. Introspection knows it. Default format: that of the issuer.
   */
  issue(claims?: object, issuing?: { readonly format?: 'jwt' | 'opaque' }): Promise<string>;
  /** From now on introspection says that this access token is not active; a refresh token is not its business. */
  revoke(token: string): void;
  /** Like `issue` in the format `jwt`, with this over its header; introspection does not know it. */
  accessToken(claims?: object, header?: object, options?: { readonly key?: Signing }): Promise<string>;
  /** What `/introspect` says of a token, instead of what is known about it. */
  introspect(token: string, answer: Answer): void;
  /** What `/userinfo` says to a token; to others that are active their `sub`, else 401. */
  userinfo(token: string, answer: Answer): void;
  /** What a path answers from now on: an endpoint, the metadata, another one. */
  answer(path: string, answer: Answer): void;
  /** Hangs up on everybody and listens no longer. */
  stop(): Promise<void>;
  /** Listens at the same port again. */
  start(): Promise<void>;
  /** Ends it, stopped or not. */
  close(): Promise<void>;
}

/** How a test issuer differs from one with the defaults. */
export interface TestIssuerOptions {
  /** Of the issuer identifier, such as `/tenant`; the endpoints stay at the root. Default none. */
  readonly path?: string;
  /** Over the default metadata; `undefined` leaves a member out. */
  readonly metadata?: object;
  /** One key each, the last one signs. Default one for ES256. */
  readonly algorithms?: readonly string[];
  /** The audience of access tokens where neither the claims nor RFC 8707's `resource` name one. */
  readonly audience?: string;
  /** Of its access tokens. Default `jwt` (RFC 9068). */
  readonly format?: 'jwt' | 'opaque';
  /** Who signs in at `/authorize`. Default `alice`. */
  readonly subject?: string;
  /** Asked before each answer: true when it answered by itself, in whatever way. */
  readonly intercept?: (exchange: IssuerExchange) => Awaitable<boolean>;
}

/** One request to a test issuer, before it is answered. */
export interface IssuerExchange {
  readonly request: IssuerRequest;
  readonly response: ServerResponse;
  /** What the issuer would answer to this request at that path. */
  answerAt(path: string): Promise<Response>;
}

/**
 * Starts an issuer on a free port of 127.0.0.1, with plain HTTP: its metadata (RFC 8414, OpenID Connect Discovery) and JWKS,
 * `/introspect` (RFC 7662; any client may ask), `/authorize` and `/token` (authorization code with PKCE, approved without
 * asking; refresh), `/register` (RFC 7591), `/revoke` (RFC 7009), `/userinfo`. A client that was not registered may have any
 * id and redirect URI. It signs no ID tokens.
 */
export async function startTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  expectOptions('startTestIssuer', options, OPTIONS);
  const { path = '', metadata = {}, algorithms = ['ES256'], audience = 'http://127.0.0.1/mcp' } = options;
  const { format = 'jwt', subject = 'alice', intercept = () => false } = options;
  const requests: IssuerRequest[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    requests.push(request);
    const answerAt = async (at: string): Promise<Response> =>
      toResponse(await answerOf(answers.has(at) ? answers.get(at) : missing, request));
    if (!(await intercept({ request, response, answerAt }))) await sendResponse(await answerAt(request.path), response);
  }

  await listenOn(server, 0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}${path}`;

  const toClaims = (claims: object): Claims => {
    const now = Math.floor(Date.now() / 1000);
    const timed = { iss: url, aud: audience, iat: now, exp: now + 300 };
    return { sub: subject, client_id: 'test-client', scope: 'mcp', jti: randomUUID(), ...timed, ...claims };
  };
  const ring = createKeyRing(algorithms);
  const tokens = createIssuedTokens(ring.sign);
  const told = createTokenAnswers(tokens);
  const document = { ...toIssuerMetadata(url, origin, algorithms), ...metadata };
  for (const at of toMetadataPaths(path)) answers.set(at, document);
  answers.set('/jwks', () => ({ keys: ring.keys.map((key) => key.publicJwk) }));
  const endpoints = { ...createCodeFlow({ issuer: url, tokens, toClaims, format, subject }), ...told.endpoints };
  for (const [at, endpoint] of Object.entries(endpoints)) answers.set(at, endpoint);

  return {
    ...ring,
    url,
    origin,
    requests,
    countOf: (wanted) => requests.filter((request) => request.path === wanted).length,
    async issue(claims = {}, issuing: Pick<Issuing, 'format'> = {}) {
      expectOptions('issue', issuing, { format: FORMATS });
      return tokens.issue(toClaims(claims), { format, ...issuing });
    },
    revoke: (token) => tokens.revoke(token),
    accessToken: (claims = {}, header = {}, signing = {}) => ring.sign(toClaims(claims), header, signing),
    introspect: told.introspect,
    userinfo: told.userinfo,
    answer: (at, answer) => void answers.set(at, answer),
    stop: () => stopServer(server),
    start: () => listenOn(server, port),
    close: () => stopServer(server),
  };
}

const FORMATS = ['jwt', 'opaque'];

const OPTIONS: KnownOptions<TestIssuerOptions> = {
  path: null,
  metadata: null,
  algorithms: null,
  audience: null,
  format: FORMATS,
  subject: null,
  intercept: null,
};

/** The endpoints that say something of a token: what they were told to, or else what is known. */
function createTokenAnswers(tokens: IssuedTokens) {
  const introspections = new Map<string, Answer>();
  const profiles = new Map<string, Answer>();
  return {
    introspect: (token: string, answer: Answer): void => void introspections.set(token, answer),
    userinfo: (token: string, answer: Answer): void => void profiles.set(token, answer),
    endpoints: {
      '/introspect'(request: IssuerRequest): unknown {
        const token = new URLSearchParams(request.body).get('token') ?? '';
        return introspections.has(token) ? answerOf(introspections.get(token), request) : tokens.introspect(token);
      },
      '/userinfo'(request: IssuerRequest): unknown {
        const token = request.headers.authorization?.replace(/^\w+ /, '') ?? '';
        if (profiles.has(token)) return answerOf(profiles.get(token), request);
        const { active, sub } = tokens.introspect(token);
        return active === true ? { sub } : new Response(null, { status: 401 });
      },
    },
  };
}

const missing = (): Response => new Response(null, { status: 404 });
