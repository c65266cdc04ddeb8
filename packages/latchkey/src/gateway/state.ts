import { createAnonymous, EVERY_SCOPE, type Principal } from '../core/principal.ts';
import type { Rule } from '../core/policy.ts';
import type { Refusal } from '../core/reason.ts';
import { eraOf } from '../core/revision.ts';
import { refuseExchange } from './answer-refusal.ts';
import type { Exchange, ProtectedServer, Route } from './exchange.ts';
import { createKnownCallers, type KnownCallers } from './known-callers.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { createOpenExchanges, type OpenExchanges } from './open-exchanges.ts';
import type { GatewayOptions } from './options.ts';
import { recordChange } from './record.ts';
import { createRoutes } from './routes.ts';
import { createSessions, type Sessions } from './sessions.ts';
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
    pinsOf: (server) => pins.get(server) ?? null,
    methodsOf(route) {
      if (route.kind === 'document') return DOCUMENT_METHODS;
      if (route.kind === 'rotate') return ROTATE_METHODS;
      return route.server.protocol === 'modern' ? MODERN_METHODS : LEGACY_METHODS;
    },
    isModern: (revision) => eraOf(revision) === 'modern',
    refuse: (exchange, refusal) => refuseExchange(options.unknownTokenStatus, exchange, refusal),
  };
  return state;
}

const DOCUMENT_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const ROTATE_METHODS = ['POST'];
const MODERN_METHODS = ['POST', 'OPTIONS'];
const LEGACY_METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];

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
