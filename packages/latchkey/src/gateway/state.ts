import { createAnonymous, EVERY_SCOPE, type Principal } from '../core/principal.ts';
import type { Rule } from '../core/policy.ts';
import type { Refusal } from '../core/reason.ts';
import { eraOf } from '../core/revision.ts';
import { refuseExchange, toRefusalWire } from './answer-refusal.ts';
import type { Exchange, ProtectedServer, Route } from './exchange.ts';
import { createCursors, type Cursors } from './cursors.ts';
import { createKnownCallers, type KnownCallers } from './known-callers.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { createOpenExchanges, type OpenExchanges } from './open-exchanges.ts';
import type { GatewayOptions } from './options.ts';
import { record, recordChange } from './record.ts';
import { createRoutes } from './routes.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSseStreams, type SseStreams } from './sse/streams.ts';
import { createToolPins, type ToolPins } from './tool-pins.ts';
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
  readonly streams: SseStreams;
  readonly cursors: Cursors;
  readonly open: OpenExchanges;
  /** Who everybody is while authentication is off. */
  readonly everyone: Principal;
  readonly stopping: () => boolean;
  limiterOf(rule: Rule): Limiter;
  toolSchemas(server: ProtectedServer): ToolSchemas;
  /** Null where the server's tools are not pinned. */
  pinsOf(server: ProtectedServer): ToolPins | null;
  methodsOf(route: Route): readonly string[];
  isModern(revision: string): boolean;
  /** Answers with a refusal and remembers it for the trail. */
  refuse(exchange: Exchange, refusal: Refusal): void;
  /** The JSON-RPC error that tells of a refusal, where the answer is already under way. */
  toError(exchange: Exchange, refusal: Refusal): string;
  /** The exchange is over: nothing watches it any more, and the trail gets its record. */
  finish(exchange: Exchange): void;
}

export function createState(options: GatewayOptions, stopping: () => boolean): GatewayState {
  const { limits } = options;
  const ruleLimiters = new WeakMap<Rule, Limiter>();
  const pins = new Map(options.servers.map((server) => [server, pinsFor(options, server)]));
  const schemas = new Map(
    options.servers.map((server) => [server, createToolSchemas(server.upstream, pins.get(server) ?? null)]),
  );
  const { routes, probes } = createRoutes(options, stopping);
  const state: GatewayState = {
    options,
    routes,
    probes,
    hosts: new Set(),
    origins: new Set(options.origins),
    requestLimiter: createLimiter(limits.requestsPerAddress),
    failureLimiter: createLimiter(limits.failedPerAddress),
    callLimiter: createLimiter(limits.callsPerCredential),
    knownCallers: createKnownCallers(),
    sessions: createSessions(options.sealKey, limits.sessionIdleMs),
    streams: createSseStreams(),
    cursors: createCursors(options.sealKey),
    open: createOpenExchanges({
      version: options.storeVersion,
      endOf: options.endOf,
      unreadBytes: limits.unreadBytes,
    }),
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
    pinsOf: (server) => pins.get(server) ?? null,
    methodsOf(route) {
      if (route.kind === 'endpoint') return [...route.endpoint.methods, 'OPTIONS'];
      // 2026-07-28 has neither the GET stream nor sessions to delete.
      return route.kind === 'mcp' && route.server.protocol === 'modern' ? POSTING : METHODS[route.kind];
    },
    isModern: (revision) => eraOf(revision) === 'modern',
    refuse: (exchange, refusal) => refuseExchange(options, exchange, refusal),
    toError: (exchange, refusal) => toRefusalWire(options, exchange, refusal).body,
    finish(exchange) {
      state.open.remove(exchange);
      record(options.trail, exchange, exchange.response.statusCode, Date.now());
    },
  };
  return state;
}

const READING = ['GET', 'OPTIONS'];
const POSTING = ['POST', 'OPTIONS'];
const METHODS: Readonly<Record<Exclude<Route['kind'], 'endpoint'>, readonly string[]>> = {
  document: ['GET', 'HEAD', 'OPTIONS'],
  rotate: ['POST'],
  mcp: ['GET', 'POST', 'DELETE', 'OPTIONS'],
  'sse-stream': READING,
  'sse-message': POSTING,
  'rest-list': READING,
  'rest-call': POSTING,
};

function pinsFor({ pins: store, log, trail }: GatewayOptions, { name: server, pin }: ProtectedServer): ToolPins | null {
  if (pin === 'off') return null;
  return createToolPins({
    server,
    mode: pin,
    store,
    onChange(tool) {
      log('warn', 'the definition of a tool changed; `latchkey tools accept` accepts it', { server, tool, pin });
      recordChange(trail, server, tool, pin);
    },
    onFailure: (error) => log('error', 'the pins of tools could not be read or written', { error: String(error) }),
  });
}
