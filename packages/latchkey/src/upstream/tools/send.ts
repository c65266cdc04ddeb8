import { Agent as PlainAgent, request as requestPlain, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import { createCollector, type FirstBytes } from './output.ts';
import type { Request } from './request.ts';

export interface SendOptions {
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
  /** What is beyond is not read. */
  readonly maxBodyBytes: number;
}

export interface Response {
  readonly status: number;
  readonly body: FirstBytes;
}

/** A request that came to no answer. The text says why, and shows of URLs the origin only and of headers nothing. */
export class SendError extends Error {}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// Agents of our own: the global ones may be told by the environment to use a proxy, which would not ask `lookup`.
const plainAgent = new PlainAgent({ keepAlive: false });
const tlsAgent = new TlsAgent({ keepAlive: false });

/**
 * Sends a request and reads the answer, through at most 5 redirects within the origin: those of GET and HEAD, and 303.
 * Rejects with SendError for what the server did wrong, and with the error of the socket or the look-up.
 */
export async function send(first: Request, options: SendOptions): Promise<Response> {
  let request = first;
  for (let redirects = 0; ; redirects += 1) {
    const message = await open(request, options);
    try {
      const next = toNext(request, message);
      if (next === null) return await read(message, options);
      if (redirects === MAX_REDIRECTS) throw new SendError(`the server redirects more than ${MAX_REDIRECTS} times`);
      request = next;
    } finally {
      // What of the answer is not wanted would keep its connection open for as long as the server likes.
      message.destroy();
    }
  }
}

function open({ method, url, headers, body }: Request, { lookup, signal }: SendOptions): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = (secure ? requestTls : requestPlain)({
    method,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers,
    lookup,
    signal,
    agent: secure ? tlsAgent : plainAgent,
  });
  outgoing.on('response', resolve);
  outgoing.on('error', reject);
  outgoing.on('upgrade', (_message, socket) => {
    socket.destroy();
    reject(new SendError('the server changed the protocol'));
  });
  outgoing.end(body ?? undefined);
  return promise;
}

function toNext(request: Request, { statusCode = 0, headers }: IncomingMessage): Request | null {
  const { location } = headers;
  if (!REDIRECTS.has(statusCode) || location === undefined) return null;
  const safe = request.method === 'GET' || request.method === 'HEAD';
  const target = URL.parse(location, request.url.href);
  const place = target === null ? 'nowhere' : target.origin === 'null' ? target.protocol : target.origin;
  if (target === null || target.origin !== request.url.origin)
    throw new SendError(`the server redirects to ${place}, which is not the tool's server`);
  if (!safe && statusCode !== 303)
    throw new SendError(`the server redirects to ${place}, which is not followed with ${request.method}`);
  target.username = '';
  target.password = '';
  target.hash = '';
  if (safe) return { ...request, url: target };
  const kept = Object.entries(request.headers).filter(([name]) => !name.startsWith('content-'));
  return { method: 'GET', url: target, headers: Object.fromEntries(kept), body: null };
}

async function read(message: IncomingMessage, { maxBodyBytes }: SendOptions): Promise<Response> {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() !== 'identity')
    throw new SendError('the server encoded its answer (Content-Encoding), which it was not asked to');
  const collector = createCollector(maxBodyBytes);
  for await (const chunk of message as AsyncIterable<Buffer>) {
    collector.push(chunk);
    if (collector.totalBytes > maxBodyBytes) break;
  }
  return { status: message.statusCode ?? 0, body: collector.take() };
}
