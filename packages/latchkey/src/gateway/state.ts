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
import { createRoutes } from './routes.ts';
import { createSessions, type Sessions } from './sessions.ts';
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

export function createState(options: GatewayOptions, stopping: () => boolean): GatewayState {
  const { limits } = options;
  const ruleLimiters = new WeakMap<Rule, Limiter>();
  const schemas = new Map(options.servers.map((server) => [server, createToolSchemas(server.upstream)]));
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
    refuse: (exchange, refusal) => refuseExchange(options.unknownTokenStatus, exchange, refusal),
  };
  return state;
}
