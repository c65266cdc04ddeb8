import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request as the issuer got it; `path` has no query, `query` begins with `?` where there is one. */
export interface IssuerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Any JSON, a `Response` where status and headers matter, or a function of the request that gives one of them. */
export type Answer = unknown | ((request: IssuerRequest) => unknown);

export async function answerOf(answer: Answer, request: IssuerRequest): Promise<unknown> {
  return typeof answer === 'function' ? (answer as (request: IssuerRequest) => unknown)(request) : answer;
}

export function toResponse(answer: unknown): Response {
  return answer instanceof Response ? answer.clone() : Response.json(answer);
}

export async function readRequest(incoming: IncomingMessage): Promise<IssuerRequest> {
  const { pathname, search } = new URL(incoming.url ?? '', 'http://127.0.0.1');
  const body = await text(incoming);
  return { method: incoming.method ?? '', path: pathname, query: search, headers: incoming.headers, body };
}

export async function sendResponse(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

export async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** Hangs up on everybody. */
export async function stopServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
