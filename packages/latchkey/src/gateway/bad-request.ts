import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refuse, type Refusal } from '../core/reason.ts';
import { allowNoMore, allowsMore } from './last-request.ts';
import { TRANSPORT_SECURITY } from './tls.ts';

const LINGER_MS = 1000;
const BROKEN = Symbol('why the request could not be read to its end');

/** Why a request that was handed on could not be read to its end; null when nothing was wrong with its bytes. */
export function brokenBy(response: ServerResponse & { readonly [BROKEN]?: Refusal }): Refusal | null {
  return response[BROKEN] ?? null;
}

/** Told of bytes that never became a request; of others their exchange's record tells. */
type Tell = (address: string, refusal: Refusal, status: number) => void;

interface BadRequest {
  readonly status: number;
  readonly phrase: string;
  readonly refusal: Refusal;
}

const MALFORMED: BadRequest = { status: 400, phrase: 'Bad Request', refusal: refuse('framing') };
const BAD_REQUESTS: Readonly<Record<string, BadRequest>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    phrase: 'Request Header Fields Too Large',
    refusal: refuse('headers-too-large'),
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, phrase: 'Payload Too Large', refusal: refuse('body-too-large') },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', refusal: refuse('body-timeout') },
};

/** Answers bytes that are no HTTP request and closes the connection, after the answers to the requests before them. */
export function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket, tell: Tell): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // It ends after the answer under way already.
  if (!allowsMore(socket)) return;
  allowNoMore(socket);
  whenAnswered(socket, () => answer(BAD_REQUESTS[error.code ?? ''] ?? MALFORMED, socket, tell));
}

/** The response that is being sent or waited for. Node has no public name for it, and its own default handler uses this one. */
function underWay(socket: Socket): ServerResponse | null {
  return (socket as Socket & { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}

// Bytes written in the middle of an answer would be taken for a part of it.
function whenAnswered(socket: Socket, then: () => void): void {
  const response = underWay(socket);
  const brokenItself = response !== null && !response.req.complete && !response.headersSent;
  if (response === null || brokenItself) then();
  else response.once('close', () => whenAnswered(socket, then));
}

function answer({ status, phrase, refusal }: BadRequest, socket: Socket, tell: Tell): void {
  if (!socket.writable) return void socket.destroy();
  const broken = underWay(socket);
  if (broken === null) tell(socket.remoteAddress ?? '', refusal, status);
  else Object.assign(broken, { statusCode: status, [BROKEN]: refusal });
  const secure = 'encrypted' in socket ? `${TRANSPORT_SECURITY.join(': ')}\r\n` : '';
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\n${secure}Connection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
  // What is written never leaves where a TLS handshake did not end, or where nobody reads.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
