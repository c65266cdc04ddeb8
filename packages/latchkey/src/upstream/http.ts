import { Pool, type Dispatcher, type buildConnector } from 'undici';
import { refuse, type Reason } from '../core/reason.ts';
import { SlotList } from '../core/slot-list.ts';
import type { Answer, Forwardable, Upstream } from '../core/upstream.ts';
import { endsEvent, toErrorEvent } from './event-stream.ts';

export interface HttpUpstreamOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** The upstream's own credential and other fixed headers, [name, value, …]. */
  readonly headers: readonly string[];
  /** Extra trust for the upstream's certificate (PEM), or no check at all. */
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Milliseconds for a whole answer, or for the head of a stream. */
  readonly callTimeoutMs: number;
  /** Milliseconds for the whole of a stream that answers a call; at least `callTimeoutMs`. Subscriptions have no end. */
  readonly callMaxMs: number;
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
  const ownNames = new Set(options.headers.filter((_, at) => at % 2 === 0));
  const waiting = new SlotList<Relay>();
  const settled = (relay: Relay): void => void waiting.remove(relay);
  const timer = setInterval(() => expireOverdue(waiting, performance.now()), EXPIRY_STEP_MS);
  timer.unref();
  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    forward(request, answer) {
      const relay = new Relay(request, answer, options, settled);
      waiting.add(relay);
      pool.dispatch(
        {
          path,
          method: request.httpMethod,
          headers: headersFor(request, options.headers, ownNames) as string[],
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

function headersFor(request: Forwardable, own: readonly string[], ownNames: ReadonlySet<string>): readonly string[] {
  const passed = own.length === 0 ? request.headers : without(request.headers, ownNames);
  if (request.sessionId === null) return own.length === 0 ? passed : [...passed, ...own];
  return [...passed, 'mcp-session-id', request.sessionId, ...own];
}

// Of two headers of one name some servers read the first: the operator's is the only one.
function without(headers: readonly string[], names: ReadonlySet<string>): readonly string[] {
  for (let i = 0; i < headers.length; i += 2)
    if (names.has(headers[i] as string)) return headers.filter((_, at) => !names.has(headers[at - (at % 2)] as string));
  return headers;
}

// The only headers of an answer that mean anything to an MCP client; everything else stays on this side.
const PASSED: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'retry-after',
  'x-accel-buffering',
  'allow',
]);

const VISIBLE = /^[\x20-\x7e]*$/;

function mayPass(name: string, value: string): boolean {
  return name === 'content-type' || name === 'content-length' || VISIBLE.test(value);
}

/** Carries one answer across, with back-pressure; a caller that leaves takes its request along. */
class Relay implements Dispatcher.DispatchHandler {
  slot = -1;
  deadline: number;
  readonly #request: Forwardable;
  readonly #answer: Answer;
  readonly #options: HttpUpstreamOptions;
  /** Called once the answer is all there, or is a stream that may last. */
  readonly #settled: (relay: Relay) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #drainAsked = false;
  #started = false;
  #stream = false;
  /** True for a stream that answers no call, and so has no end of its own. */
  #lasting = false;
  #betweenEvents = true;
  #size = 0;

  constructor(request: Forwardable, answer: Answer, options: HttpUpstreamOptions, settled: (relay: Relay) => void) {
    this.deadline = performance.now() + options.callTimeoutMs;
    this.#request = request;
    this.#answer = answer;
    this.#options = options;
    this.#settled = settled;
    answer.onAbort(() => this.#controller?.abort(GONE));
  }

  expire(): void {
    this.#giveUp('upstream-timeout', 'The server did not answer in time.');
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
    this.#lasting = this.#stream && isLasting(this.#request);
    if (this.#lasting) this.#settled(this);
    else if (this.#stream) this.deadline += this.#options.callMaxMs - this.#options.callTimeoutMs;
    this.#answer.start(status, passHeaders(headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#started) return;
    this.#size += chunk.length;
    if (!this.#lasting && this.#size > this.#options.maxResponseBytes) {
      this.#giveUp('upstream-too-large', 'The answer of the server is too large.');
      return;
    }
    if (this.#stream) this.#betweenEvents = endsEvent(chunk);
    if (!this.#answer.write(chunk)) {
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

  // A client that reads a stream learns of the end from a response; one that is cut may wait for it, or come again.
  #giveUp(reason: Reason, text: string): void {
    const id = this.#request.message?.id ?? null;
    if (this.#stream && this.#betweenEvents && id !== null) this.#answer.end(toErrorEvent(id, text));
    else this.#answer.fail(refuse(reason));
    this.#controller?.abort(GONE);
  }
}

function isLasting({ httpMethod, message }: Forwardable): boolean {
  return httpMethod === 'GET' || message?.method === 'subscriptions/listen';
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
  // What a caller may read is not for a cache that others share, whatever the upstream thinks.
  const passed: string[] = ['cache-control', 'no-store, no-transform'];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && PASSED.has(name) && mayPass(name, value)) passed.push(name, value);
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
