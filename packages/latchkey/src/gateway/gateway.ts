import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createAnonymous, EVERY_SCOPE, type Principal } from '../core/principal.ts';
import type { Rule } from '../core/policy.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { eraOf } from '../core/revision.ts';
import { toWire } from '../core/wire.ts';
import { plainAddress } from './client-address.ts';
import type { Exchange, ProtectedServer, Route, Stage, StageResult } from './exchange.ts';
import { createKnownCallers, type KnownCallers } from './known-callers.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { startListener, type Listener } from './listener.ts';
import { createOpenExchanges, SWEEP_MS, type OpenExchanges } from './open-exchanges.ts';
import type { GatewayOptions } from './options.ts';
import { createPipeline } from './pipeline.ts';
import { record } from './record.ts';
import { readHeaders } from './request-headers.ts';
import { createRoutes } from './routes.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { corsHeaders } from './stages/publish.ts';
import { createToolSchemas, type ToolSchemas } from './tool-schemas.ts';

/** What the stages share while the gateway runs. */
export interface GatewayState {
  readonly options: GatewayOptions;
  readonly routes: ReadonlyMap<string, Route>;
  /** Documents that answer whatever the Host header says. */
  readonly probes: ReadonlySet<Route>;
  /** Lower-case Host values this gateway answers for. Filled when the port is known. */
  readonly hosts: Set<string>;
  readonly origins: Set<string>;
  readonly requestLimiter: Limiter;
  readonly failureLimiter: Limiter;
  readonly callLimiter: Limiter;
  readonly knownCallers: KnownCallers;
  readonly sessions: Sessions;
  readonly open: OpenExchanges;
  /** Who everybody is while authentication is off. */
  readonly everyone: Principal;
  readonly stopping: () => boolean;
  limiterOf(rule: Rule): Limiter;
  toolSchemas(server: ProtectedServer): ToolSchemas;
  methodsOf(route: Route): readonly string[];
  isModern(revision: string): boolean;
  /** Answers with a refusal and remembers it for the trail. */
  refuse(exchange: Exchange, refusal: Refusal): void;
}

export interface Gateway {
  /** The port it listens on. */
  readonly port: number;
  /** Replaces the TLS key pair; a bad pair throws and the old one stays. */
  setTls(pair: { readonly cert: string; readonly key: string }): void;
  /** Stops taking requests, waits up to `graceMs` for those under way, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** Starts the gateway. Rejects with E_ADDRESS_IN_USE, E_ADDRESS_REFUSED or E_TLS. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let stopping = false;
  const state = createState(options, () => stopping);
  const stages = createPipeline(state);
  const listener = await startListener(options, {
    onRequest: (request, response) => handle(state, stages, request, response),
    onBadRequest: (address, refusal) => recordBadRequest(state, address, refusal),
  });
  addOwnNames(state, listener);
  nameResources(options, listener.port);
  const sweep = setInterval(() => {
    const now = Date.now();
    state.sessions.reap(now);
    state.open
      .sweep(now)
      .catch((error: unknown) => options.log('error', 'open streams could not be checked', { error: String(error) }));
  }, SWEEP_MS);
  return {
    port: listener.port,
    setTls: (pair) => listener.setTls(pair),
    async close(graceMs) {
      stopping = true;
      await listener.stop(async () => {
        await drained(state.open, graceMs);
        state.open.cutAll();
      });
      clearInterval(sweep);
    },
  };
}

async function drained(open: OpenExchanges, graceMs: number): Promise<void> {
  const until = Date.now() + graceMs;
  while (open.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}

function createState(options: GatewayOptions, stopping: () => boolean): GatewayState {
  const { limits } = options;
  const ruleLimiters = new WeakMap<Rule, Limiter>();
  const schemas = new Map(options.servers.map((server) => [server, createToolSchemas(server.upstream)]));
  const { routes, probes } = createRoutes(options, stopping);
  const state: GatewayState = {
    options,
    routes,
    probes,
    hosts: new Set(),
    origins: new Set(options.origins.map((origin) => origin.toLowerCase())),
    requestLimiter: createLimiter(limits.requestsPerAddress),
    failureLimiter: createLimiter(limits.failedPerAddress),
    callLimiter: createLimiter(limits.callsPerCredential),
    knownCallers: createKnownCallers(),
    sessions: createSessions(options.sealKey, limits.sessionIdleMs),
    open: createOpenExchanges({ version: options.storeVersion, endOf: options.endOf }),
    everyone: createAnonymous([EVERY_SCOPE]),
    stopping,
    limiterOf(rule) {
      let limiter = ruleLimiters.get(rule);
      if (limiter === undefined) {
        limiter = createLimiter(rule.limit ?? limits.callsPerCredential);
        ruleLimiters.set(rule, limiter);
      }
      return limiter;
    },
    toolSchemas: (server) => schemas.get(server) as ToolSchemas,
    methodsOf(route) {
      if (route.kind === 'document') return ['GET', 'HEAD', 'OPTIONS'];
      if (route.kind === 'rotate') return ['POST'];
      return route.server.protocol === 'modern' ? ['POST', 'OPTIONS'] : ['GET', 'POST', 'DELETE', 'OPTIONS'];
    },
    isModern: (revision) => eraOf(revision) === 'modern',
    refuse: (exchange, refusal) => refuseExchange(state, exchange, refusal),
  };
  return state;
}

function addOwnNames(state: GatewayState, listener: Listener): void {
  const { publicUrl, host, tls } = state.options;
  const names = ['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host];
  const scheme = tls === null ? 'http' : 'https';
  for (const name of names) {
    state.hosts.add(`${name}:${listener.port}`).add(name);
    state.origins.add(`${scheme}://${name}:${listener.port}`);
  }
  if (publicUrl === null) return;
  state.hosts
    .add(publicUrl.host)
    .add(
      publicUrl.port === '' ? `${publicUrl.hostname}:${publicUrl.protocol === 'https:' ? 443 : 80}` : publicUrl.host,
    );
  state.origins.add(publicUrl.origin);
}

/** Every URL that is ever published comes from here, never from a request. */
function nameResources({ publicUrl, tls, host, servers }: GatewayOptions, port: number): void {
  const address = host.includes(':') ? `[${host}]` : host;
  const base = publicUrl ?? new URL(`${tls === null ? 'http' : 'https'}://${address}:${port}`);
  for (const server of servers) {
    server.resource = `${base.origin}${server.path}`;
    server.resourceMetadata = `${base.origin}/.well-known/oauth-protected-resource${server.path}`;
  }
}

const PROCESS_MARK = randomBytes(4).toString('hex');
let requests = 0;

function handle(
  state: GatewayState,
  stages: readonly Stage[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const exchange = createExchange(request, response);
  response.on('close', () => {
    state.open.remove(exchange);
    record(state.options.trail, exchange, response.statusCode, Date.now());
  });
  if (state.stopping()) return state.refuse(exchange, refuse('shutting-down', { retryAfterSeconds: 5 }));
  // What cannot be written down is not allowed to happen.
  if (!state.options.trail.healthy)
    return state.refuse(exchange, refuse('trail-unavailable', { retryAfterSeconds: 1 }));
  runFrom(state, stages, exchange, 0);
}

/** Runs the stages without leaving the call stack unless one has to wait. */
function runFrom(state: GatewayState, stages: readonly Stage[], exchange: Exchange, first: number): void {
  try {
    for (let i = first; i < stages.length; i += 1) {
      const result = (stages[i] as Stage).run(exchange);
      if (result === null) continue;
      if (result instanceof Promise) {
        void result.then(
          (value) => resume(state, stages, exchange, i, value),
          (error: unknown) => crash(state, exchange, error),
        );
        return;
      }
      if (result !== 'done') state.refuse(exchange, result);
      return;
    }
  } catch (error) {
    crash(state, exchange, error);
  }
}

function resume(
  state: GatewayState,
  stages: readonly Stage[],
  exchange: Exchange,
  at: number,
  value: StageResult,
): void {
  if (value === null) runFrom(state, stages, exchange, at + 1);
  else if (value !== 'done') state.refuse(exchange, value);
}

function crash(state: GatewayState, exchange: Exchange, error: unknown): void {
  state.options.log('error', 'a request could not be judged', {
    requestId: exchange.requestId,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  state.refuse(exchange, refuse('internal'));
}

function createExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  requests += 1;
  return {
    request,
    response,
    requestId: `${PROCESS_MARK}-${requests.toString(36)}`,
    startedAt: Date.now(),
    address: plainAddress(request.socket.remoteAddress ?? ''),
    clear: false,
    headers: NO_HEADERS,
    origin: null,
    route: null,
    server: null,
    principal: null,
    failuresExceeded: 0,
    body: null,
    message: null,
    era: 'legacy',
    rule: null,
    sessionId: null,
    outcome: null,
    exposed: false,
    stream: false,
    cut: null,
  };
}

const NO_HEADERS = Object.freeze(readHeaders([]));

function refuseExchange(state: GatewayState, exchange: Exchange, refusal: Refusal): void {
  exchange.outcome ??= refusal;
  const { request, response, server } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const wire = toWire(refusal, {
    resourceMetadata: server?.resourceMetadata ?? null,
    requestId: exchange.requestId,
    unknownTokenStatus: state.options.unknownTokenStatus,
  });
  const headers = [...wire.headers, 'content-length', String(Buffer.byteLength(wire.body)), ...corsHeaders(exchange)];
  // Bytes of a body that nobody judged must not become the next request of this connection.
  const unread = !request.complete && !isShort(exchange);
  if (unread) headers.push('connection', 'close');
  response.writeHead(wire.status, headers);
  response.end(request.method === 'HEAD' ? undefined : wire.body);
  if (unread) closeSoon(exchange);
}

const SHORT_BODY = 64 * 1024;

/** A body whose end is known and near is read and thrown away, so that the connection can serve the next request. */
function isShort({ headers }: Exchange): boolean {
  return headers.transferEncoding === null && !headers.repeated && Number(headers.contentLength ?? 0) <= SHORT_BODY;
}

const LINGER_MS = 1000;

// Closing at once would reset the connection and lose the answer while the client still sends (RFC 9112 §9.6).
function closeSoon({ request, response }: Exchange): void {
  request.resume();
  response.once('finish', () => {
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
    timer.unref();
    request.once('end', () => clearTimeout(timer));
  });
}

function recordBadRequest(state: GatewayState, address: string, refusal: Refusal): void {
  const now = Date.now();
  requests += 1;
  state.options.trail.record({
    at: now,
    requestId: `${PROCESS_MARK}-${requests.toString(36)}`,
    address: plainAddress(address),
    server: null,
    principal: null,
    credential: null,
    client: null,
    httpMethod: '',
    method: null,
    target: null,
    decision: 'deny',
    reason: refusal.reason,
    status: 400,
    durationMs: 0,
  });
}
