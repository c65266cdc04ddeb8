import { Pool, type Dispatcher, type buildConnector } from 'undici';
import { refuse, type Reason } from '../core/reason.ts';
import type { Answer, Forwardable, Upstream } from '../core/upstream.ts';

export interface HttpUpstreamOptions {
  /** Where the MCP endpoint is; no userinfo, no query of a client is ever added. */
  readonly url: URL;
  /** The upstream's own credential and other fixed headers, [name, value, …]. */
  readonly headers: readonly string[];
  /** Extra trust for the upstream's certificate (PEM), or no check at all. */
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized?: boolean };
  /** Milliseconds to the first byte of an answer, and between two bytes of a body that is not a stream. */
  readonly callTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly streamIdleMs: number;
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
    headersTimeout: options.callTimeoutMs,
    bodyTimeout: options.streamIdleMs,
    maxResponseSize: -1,
    allowH2: false,
  });
  const path = url.pathname + url.search;
  return {
    kind: 'http',
    label: `${url.origin}${url.pathname}`,
    forward(request, answer) {
      pool.dispatch(
        {
          path,
          method: request.httpMethod,
          headers: headersFor(request, options.headers) as string[],
          body: request.message?.bytes ?? null,
        },
        createHandler(answer, options),
      );
    },
    endSession(sessionId) {
      pool.dispatch(
        { path, method: 'DELETE', headers: ['mcp-session-id', sessionId, ...options.headers], body: null },
        DISCARD,
      );
    },
    close: () => pool.destroy(),
  };
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

function createHandler(answer: Answer, { maxResponseBytes }: HttpUpstreamOptions): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | null = null;
  let drainAsked = false;
  let started = false;
  let size = 0;
  let stream = false;
  answer.onAbort(() => controller?.abort(GONE));
  return {
    onRequestStart(own) {
      controller = own;
      if (answer.aborted) own.abort(GONE);
    },
    onResponseStart(own, status, headers) {
      if (status < 200) return;
      const type = String(headers['content-type'] ?? '').toLowerCase();
      const fault = judgeAnswer(status, type, headers);
      if (fault !== null) {
        answer.fail(refuse(fault));
        own.abort(GONE);
        return;
      }
      if (status >= 400 && !type.startsWith('application/json')) {
        // The status is for the caller, a page or a stack trace is not.
        answer.start(status, ['content-length', '0']);
        answer.end();
        return;
      }
      stream = type.startsWith('text/event-stream');
      started = true;
      answer.start(status, passHeaders(headers));
    },
    onResponseData(own, chunk) {
      if (!started) return;
      size += chunk.length;
      if (!stream && size > maxResponseBytes) {
        answer.fail(refuse('upstream-too-large'));
        own.abort(GONE);
      } else if (!answer.write(chunk)) {
        if (!drainAsked) answer.onDrain(() => own.resume());
        drainAsked = true;
        own.pause();
      }
    },
    onResponseEnd() {
      if (started) answer.end();
    },
    onResponseError(_own, error) {
      if (error !== GONE) answer.fail(refuse(reasonOf(error as NodeJS.ErrnoException)));
    },
  };
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
  if (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT') return 'upstream-timeout';
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
