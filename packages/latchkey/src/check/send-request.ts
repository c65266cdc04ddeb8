import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { toFailure, toTimeout } from './failure.ts';
import { createStreamReader } from './read-message.ts';
import type { Answer, Draft, Reply } from './reply.ts';

const MAX_BYTES = 1024 * 1024;

/** Sends a request on a connection of its own and never rejects. Redirects are not followed. */
export function sendRequest(draft: Draft, timeoutMs: number): Promise<Reply> {
  const begun = performance.now();
  const { promise, resolve } = Promise.withResolvers<Reply>();
  let connected = false;
  let partial: (() => Answer) | null = null;
  try {
    const request = (draft.url.protocol === 'https:' ? requestTls : requestPlain)(optionsOf(draft));
    const timer = setTimeout(() => {
      resolve(partial?.() ?? toTimeout(timeoutMs, connected));
      request.destroy();
    }, timeoutMs);
    request.on('socket', (socket) => socket.on('connect', () => (connected = true)));
    request.on('response', (response) => {
      partial = readAnswer(response, draft.method, begun, (answer) => {
        resolve(answer);
        request.destroy();
      });
    });
    request.on('error', (error) => resolve(partial?.() ?? toFailure(error)));
    request.on('close', () => clearTimeout(timer));
    request.end(draft.body ?? undefined);
  } catch (error) {
    resolve(toFailure(error));
  }
  return promise;
}

function optionsOf({ url, method, target, headers, body }: Draft): RequestOptions & { servername?: string } {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const length = body === null ? [] : ['Content-Length', String(Buffer.byteLength(body))];
  return {
    host,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    method,
    path: target,
    // As a flat list they go out as they are, with a false Host or a header twice.
    headers: [...headers.flat(), ...length],
    agent: false,
    // Whatever the Host header says, the certificate is for the host that was asked for.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}

function readAnswer(
  response: IncomingMessage,
  method: Draft['method'],
  begun: number,
  done: (answer: Answer) => void,
): () => Answer {
  const chunks: Buffer[] = [];
  let size = 0;
  const { socket, statusCode = 0, rawHeaders } = response;
  const tls =
    socket instanceof TLSSocket
      ? { protocol: socket.getProtocol() ?? '', validTo: socket.getPeerCertificate().valid_to ?? '' }
      : null;
  const headers = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : []));
  const stream = /^text\/event-stream/i.test(response.headers['content-type'] ?? '');
  const holdsResponse = createStreamReader();
  const answerOf = (cut: Answer['cut']): Answer => ({
    kind: 'answer',
    status: statusCode,
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
    cut,
    tls,
    durationMs: Math.round(performance.now() - begun),
  });
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, MAX_BYTES - size));
    size += chunk.length;
    if (size >= MAX_BYTES) done(answerOf('size'));
    // A stream may stay open behind the one message that was asked for.
    else if (stream && holdsResponse(chunk)) done(answerOf('enough'));
  });
  response.on('end', () => done(answerOf(null)));
  // A stream that says nothing has answered by opening.
  if (stream && method === 'GET') setImmediate(() => done(answerOf('enough')));
  return () => answerOf('time');
}
