import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WireAnswer } from '../core/wire.ts';
import { discardBody } from '../lock/discard-body.ts';
import { byName } from './by-name.ts';

const SHORT_BODY = 64 * 1024;
const LINGER_MS = 1000;

/** Answers a request for its handler, once; headers that were set before stay. Nothing where somebody answered already. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: WireAnswer): void {
  const coding = request.headers['transfer-encoding'];
  // Node finds out in this very turn that such a body has no end, answers that, and drops what was written until then.
  if (coding === undefined || coding === 'chunked') send(request, response, answer);
  else setImmediate(send, request, response, answer);
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: WireAnswer): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  for (const [name, values] of byName(headers)) response.setHeader(name, values);
  const isHead = request.method === 'HEAD';
  // What a GET would give is longer than nothing (RFC 9110 §8.6).
  if (status !== 204 && !(isHead && body === '')) response.setHeader('content-length', Buffer.byteLength(body));
  // A server may be told to throw where a body is written that nobody gets.
  const text = isHead ? '' : body;
  // Of a body that did not come in time no more is waited for.
  if (request.complete || (status !== 408 && isShort(request))) return void response.end(text);
  response.setHeader('connection', 'close');
  endWithRequest(request, response, text);
}

/** Node reads and throws away what is left of a body, so that the connection can serve the next request. */
function isShort({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= SHORT_BODY;
}

// Closing at once would reset the connection and lose the answer while the client still sends (RFC 9112 §9.6). The
// answer is whole before `end`, with which Node closes the connection.
function endWithRequest(request: IncomingMessage, response: ServerResponse, body: string): void {
  if (body === '') response.flushHeaders();
  else response.write(body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  timer.unref();
  request.once('end', () => {
    clearTimeout(timer);
    response.end();
  });
  discardBody(request);
}
