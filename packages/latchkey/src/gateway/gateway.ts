import type { ServerResponse } from 'node:http';
import { refuse, type Refusal } from '../core/reason.ts';
import { plainAddress } from '../lock/network.ts';
import { nextRequestId } from '../lock/request-id.ts';
import { createExchange } from './create-exchange.ts';
import type { Exchange, Stage, StageResult } from './exchange.ts';
import { dismiss, giveUp } from './farewell.ts';
import { startListener } from './listener.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import type { GatewayOptions } from './options.ts';
import { nameGateway } from './own-names.ts';
import { createPipeline } from './pipeline.ts';
import type { RawRequest } from './raw-request.ts';
import { createState, type GatewayState } from './state.ts';

export interface Gateway {
  /** The port it listens on. */
  readonly port: number;
  /** Replaces the TLS key pair; a bad pair throws and the old one stays. */
  setTls(pair: { readonly cert: string; readonly key: string }): void;
  /**
   * Refuses new requests with 503, ends streams, and waits up to `graceMs` for the calls under way; what is left then gets
   * an error or is cut.
   */
  close(graceMs: number): Promise<void>;
}

/** Starts the gateway. Rejects with E_ADDRESS_IN_USE, E_ADDRESS_REFUSED or E_TLS. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let stopping = false;
  const state = createState(options, () => stopping);
  const stages = createPipeline(state);
  const listener = await startListener(options, {
    onRequest: (request, response) => handle(state, stages, request, response),
    onBadRequest: (address, refusal, status) => recordBadRequest(state, address, refusal, status),
  });
  nameGateway(state, listener.port);
  const sweep = setInterval(() => {
    state.sessions.reap(Date.now(), (sealed) => state.open.inSession(sealed));
    state.open.cutUnread();
  }, SWEEP_MS);
  return {
    port: listener.port,
    setTls: (pair) => listener.setTls(pair),
    async close(graceMs) {
      stopping = true;
      await listener.stop(async () => {
        for (const exchange of state.open.toArray()) dismiss(exchange);
        await drained(state.open, graceMs);
        for (const exchange of state.open.toArray()) giveUp(exchange);
        await drained(state.open, LAST_WORDS_MS);
      });
      clearInterval(sweep);
    },
  };
}

const SWEEP_MS = 250;
const LAST_WORDS_MS = 500;

async function drained(open: OpenExchanges, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  while (open.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}

function handle(state: GatewayState, stages: readonly Stage[], request: RawRequest, response: ServerResponse): void {
  const exchange = createExchange(request, response);
  response.on('close', () => {
    // What is answered on another stream is over when that says so.
    if (exchange.answer === null || exchange.answer.closed()) state.finish(exchange);
  });
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
  // Nobody is there any more to do it for.
  if (exchange.response.destroyed) return;
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

function recordBadRequest(state: GatewayState, address: string, refusal: Refusal, status: number): void {
  const now = Date.now();
  state.options.trail.record({
    at: now,
    requestId: nextRequestId(),
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
    status,
    durationMs: 0,
  });
}
