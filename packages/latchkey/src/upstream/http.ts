import { Pool, type Dispatcher, type buildConnector } from 'undici';
import { refuse, type Reason } from '../core/reason.ts';
import { SlotList } from '../core/slot-list.ts';
import type { Answer, Forwardable, Upstream } from '../core/upstream.ts';

export interface HttpUpstreamOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** The upstream's own credential and other fixed headers, [name, value, …]. */
  readonly headers: readonly string[];
  /** Extra trust for the upstream's certificate (PEM), or no check at all. */
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Milliseconds for a whole answer, or for the first byte of a stream. */
  readonly callTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** An MCP server over Streamable HTTP. Bodies pass byte for byte and unbuffered; a caller that leaves takes its request along. */
export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const { url } = options;
  const pool = new Pool(url.origin, {
    pipelining: 1,
    // Said here, since NODE_TLS_REJECT_UNAUTHORIZED=0 would turn the check off for whoever does not say.
    connect: {
      rejectUnauthorized: true,
      ...options.tls,
      timeout: options.connectTimeoutMs,
    } satisfies buildConnector.BuildOptions,
    // One timer looks after all calls (see `waiting`); undici's own would be set anew for each.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: -1,
    allowH2: false,
  });
  const path = url.pathname + url.search;
  const waiting = new SlotList<Relay>();
  const settled = (relay: Relay): void => void waiting.remove(relay);
  const timer = setInterval(() => expireOverdue(waiting, performance.now()), EXPIRY_STEP_MS);
  timer.unref();
  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    forward(request, answer) {
      const relay = new Relay(answer, options.maxResponseBytes, performance.now() + options.callTimeoutMs, settled);
      waiting.add(relay);
      pool.dispatch(
        {
          path,
          method: request.httpMethod,
          headers: headersFor(request, options.headers) as string[],
          body: request.message?.bytes ?? null,
        },
        relay,
      );
    },
    endSession(sessionId) {
      pool.dispatch(
        {
          path,
          method: 'DELETE',
          headers: ['mcp-session-id', sessionId, ...options.headers],
          body: null,
          headersTimeout: END_TIMEOUT_MS,
          bodyTimeout: END_TIMEOUT_MS,
        },
        DISCARD,
      );
    },
    close() {
      clearInterval(timer);
      return pool.destroy();
    },
  };
}

const EXPIRY_STEP_MS = 250;
const END_TIMEOUT_MS = 10_000;

function expireOverdue(waiting: SlotList<Relay>, now: number): void {
  for (const relay of waiting.toArray()) {
    if (relay.deadline > now) continue;
    waiting.remove(relay);
    relay.expire();
  }
}

function headersFor(request: Forwardable, own: readonly string[]): readonly string[] {
  if (request.sessionId === null) return own.length === 0 ? request.headers : [...request.headers, ...own];
  return [...request.headers, 'mcp-session-id', request.sessionId, ...own];
}

// The only headers of an answer that mean anything to an MCP client; everything else stays on this side.
const PASSED: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'cache-control',
  'mcp-session-id',
  'mcp-protocol-version',
  'retry-after',
  'x-accel-buffering',
  'allow',
]);

/** Carries one answer across, with back-pressure; a caller that leaves takes its request along. */
class Relay implements Dispatcher.DispatchHandler {
  slot = -1;
  readonly deadline: number;
  readonly #answer: Answer;
  readonly #maxBytes: number;
  /** Called once the answer is all there, or is a stream that may last. */
  readonly #settled: (relay: Relay) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #drainAsked = false;
  #started = false;
  #stream = false;
  #size = 0;

  constructor(answer: Answer, maxBytes: number, deadline: number, settled: (relay: Relay) => void) {
    this.deadline = deadline;
    this.#answer = answer;
    this.#maxBytes = maxBytes;
    this.#settled = settled;
    answer.onAbort(() => this.#controller?.abort(GONE));
  }

  expire(): void {
    this.#answer.fail(refuse('upstream-timeout'));
    this.#controller?.abort(GONE);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#answer.aborted) controller.abort(GONE);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const type = String(headers['content-type'] ?? '').toLowerCase();
    const fault = judgeAnswer(status, type, headers);
    if (fault !== null) {
      this.#settled(this);
      this.#answer.fail(refuse(fault));
      controller.abort(GONE);
      return;
    }
    if (status >= 400 && !type.startsWith('application/json')) {
      // The status is for the caller, a page or a stack trace is not.
      this.#answer.start(status, ['content-length', '0']);
      this.#answer.end();
      return;
    }
    this.#started = true;
    this.#stream = type.startsWith('text/event-stream');
    if (this.#stream) this.#settled(this);
    this.#answer.start(status, passHeaders(headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#started) return;
    this.#size += chunk.length;
    if (!this.#stream && this.#size > this.#maxBytes) {
      this.#answer.fail(refuse('upstream-too-large'));
      controller.abort(GONE);
    } else if (!this.#answer.write(chunk)) {
      if (!this.#drainAsked) this.#answer.onDrain(() => controller.resume());
      this.#drainAsked = true;
      controller.pause();
    }
  }

  onResponseEnd(): void {
    this.#settled(this);
    if (this.#started) this.#answer.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settled(this);
    if (error !== GONE) this.#answer.fail(refuse(reasonOf(error)));
  }
}

const GONE = new Error('the caller is gone');

/** Redirects are not followed, the upstream's own trouble with credentials is not the caller's, and 5xx bodies tell too much. */
function judgeAnswer(
  status: number,
  type: string,
  headers: Record<string, string | string[] | undefined>,
): Reason | null {
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    return 'upstream-invalid';
  if (status >= 300 && status < 400) return 'upstream-invalid';
  if (status === 401 || status === 403 || status === 407 || status >= 500) return 'upstream-invalid';
  const readable = type === '' || type.startsWith('application/json') || type.startsWith('text/event-stream');
  return readable || status >= 400 ? null : 'upstream-invalid';
}

function passHeaders(headers: Record<string, string | string[] | undefined>): readonly string[] {
  const passed: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && PASSED.has(name)) passed.push(name, value);
  }
  return passed;
}

function reasonOf(error: NodeJS.ErrnoException): Reason {
  return error.code?.startsWith('HPE_') === true || error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
    ? 'upstream-invalid'
    : 'upstream-unreachable';
}

const DISCARD: Dispatcher.DispatchHandler = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
  onResponseError() {},
};
