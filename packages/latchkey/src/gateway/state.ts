import type { Log } from '../core/log.ts';
import type { Refusal } from '../core/reason.ts';
import { eraOf } from '../core/revision.ts';
import { createLockState, type LockState } from '../lock/lock-state.ts';
import { recordLasting } from '../lock/record-lasting.ts';
import { refuseExchange, toExchangeWire } from './answer-refusal.ts';
import type { Exchange, ProtectedServer, Route } from './exchange.ts';
import { brokenBy } from './bad-request.ts';
import { createCursors, type Cursors } from './cursors.ts';
import { createOpenExchanges, type OpenExchanges } from './open-exchanges.ts';
import type { GatewayOptions } from './options.ts';
import { record, recordChange } from './record.ts';
import { createRoutes } from './routes.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSseStreams, type SseStreams } from './sse/streams.ts';
import { createToolPins, type ToolPins } from './tool-pins.ts';
import { createToolSchemas, type ToolSchemas } from './tool-schemas.ts';

/** What the stages share while the gateway runs. */
export interface GatewayState extends LockState {
  readonly options: GatewayOptions;
  readonly routes: ReadonlyMap<string, Route>;
  /** Documents that answer whatever the Host header says. */
  readonly probes: ReadonlySet<Route>;
  /** Lower-case Host values this gateway answers for. Filled when the port is known. */
  readonly hosts: Set<string>;
  readonly origins: Set<string>;
  readonly sessions: Sessions;
  readonly streams: SseStreams;
  readonly cursors: Cursors;
  readonly open: OpenExchanges;
  readonly stopping: () => boolean;
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
  const pins = new Map(options.servers.map((server) => [server, pinsFor(options, server)]));
  const schemas = new Map(
    options.servers.map((server) => [server, createToolSchemas(server.upstream, pins.get(server) ?? null)]),
  );
  const { routes, probes } = createRoutes(options, stopping);
  const state: GatewayState = {
    ...createLockState(options),
    options,
    routes,
    probes,
    hosts: new Set(),
    origins: new Set(options.origins),
    sessions: createSessions(options.sealKey, limits),
    streams: createSseStreams(),
    cursors: createCursors(options.sealKey),
    open: createOpenExchanges({
      version: options.storeVersion,
      endOf: options.endOf,
      visit(exchange) {
        const now = Date.now();
        recordLasting(exchange, now, (lasting) => record(options.trail, lasting, 0, now));
      },
      onLook: tellOfLooks(options.log),
      unreadBytes: limits.unreadBytes,
    }),
    stopping,
    toolSchemas: (server) => schemas.get(server) as ToolSchemas,
    pinsOf: (server) => pins.get(server) ?? null,
    methodsOf(route) {
      if (route.kind === 'endpoint') return [...route.endpoint.methods, 'OPTIONS'];
      // 2026-07-28 has neither the GET stream nor sessions to delete.
      return route.kind === 'mcp' && route.server.protocol === 'modern' ? POSTING : METHODS[route.kind];
    },
    isModern: (revision) => eraOf(revision) === 'modern',
    refuse: (exchange, refusal) => refuseExchange(options, exchange, refusal),
    toError: (exchange, refusal) => toExchangeWire(options, exchange, refusal).body,
    finish(exchange) {
      state.open.remove(exchange);
      record(options.trail, exchange, statusOf(exchange), Date.now());
    },
  };
  return state;
}

/** Of what was answered; 0 where nothing was, by whomever it was cut. */
function statusOf({ response }: Exchange): number {
  return response.headersSent || brokenBy(response) !== null ? response.statusCode : 0;
}

/** Says once that open answers cannot be held against the store, and once that they can again. */
function tellOfLooks(log: Log): (error: unknown) => void {
  let failing = false;
  return (error) => {
    if (error !== null && !failing) log('error', 'open streams could not be checked', { error: String(error) });
    if (error === null && failing) log('info', 'open streams can be checked again');
    failing = error !== null;
  };
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
