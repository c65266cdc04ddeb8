import { isUtf8 } from 'node:buffer';
import { request as requestHttp } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import type { IncomingMessage } from 'node:http';
import {
  OUTGOING_MAX_BYTES,
  OUTGOING_TIMEOUT_MS,
  OutgoingError,
  requireSafe,
  type Outgoing,
  type OutgoingAnswer,
  type OutgoingRequest,
} from '../core/outgoing.ts';

export interface OutgoingOptions {
  /** The authorities to trust instead of the built-in ones (PEM); null: the built-in ones. */
  readonly ca: string | null;
  /** Time for the whole exchange, milliseconds. Default: 5000. */
  readonly timeoutMs?: number;
  /** Most bytes of an answer. Default: 512 KiB. */
  readonly maxBytes?: number;
}

/** Requests to issuers: https, or http on this machine only; each bounded in time and size, no redirect followed. */
export function createOutgoing({
  ca,
  timeoutMs = OUTGOING_TIMEOUT_MS,
  maxBytes = OUTGOING_MAX_BYTES,
}: OutgoingOptions): Outgoing {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 16,
    ...(ca === null ? {} : { ca }),
  });
  return (request) =>
    new Promise((resolve, reject) => {
      const url = new URL(request.url);
      const fail = (why: string): void => reject(new OutgoingError(`${url.host}: ${why}`));
      requireSafe(url);
      const sent = open(url, request, agent, (answer) => {
        collect(answer, maxBytes).then(resolve, (error: Error) => {
          sent.destroy();
          fail(error.message);
        });
      });
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      sent.once('close', () => clearTimeout(timer));
      sent.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      sent.end(request.body);
    });
}

function open(
  url: URL,
  { method, headers = [], body }: OutgoingRequest,
  agent: Agent,
  onAnswer: (answer: IncomingMessage) => void,
) {
  const named: Record<string, string> = { accept: 'application/json' };
  for (let i = 0; i < headers.length; i += 2) named[headers[i] as string] = headers[i + 1] as string;
  if (body !== undefined) named['content-length'] = String(Buffer.byteLength(body));
  return url.protocol === 'https:'
    ? requestHttps(url, { method, headers: named, agent }, onAnswer)
    : requestHttp(url, { method, headers: named }, onAnswer);
}

async function collect(answer: IncomingMessage, maxBytes: number): Promise<OutgoingAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!answer.complete) throw new Error('its answer was cut');
  const body = Buffer.concat(chunks);
  // Bytes that are no text would become the same text as others.
  if (!isUtf8(body)) throw new Error('its answer is not UTF-8');
  const headers = answer.headers as Record<string, string>;
  return { status: answer.statusCode ?? 0, headers, body: body.toString('utf8') };
}
