import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Latchkey } from 'latchkey';
import { passOnRaw } from './pass-through.ts';

/** What an application is made of. */
export interface Made {
  readonly lock: Latchkey;
  /** The server whose answers its MCP endpoint gives. */
  readonly upstream: string;
  /** Listens already. */
  readonly server: Server;
}

/** Makes an application with nothing in it but the door and a handler behind it. */
export type Application = (made: Made) => RequestListener | Promise<RequestListener>;

/** What the application itself lets everybody read, beside the metadata. */
export const HEALTH = ['/healthz', '/readyz'];
export const OK = '{"status":"ok"}';
export const NOT_FOUND = '{"error":"not found"}';
export const JSON_TYPE = { 'content-type': 'application/json' };

/** A handler of Node's: what it reads of a request behind the door is what was judged. */
export async function passOnJudged(
  upstream: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  await passOnRaw(upstream, request, response, body.length === 0 ? null : body);
}
