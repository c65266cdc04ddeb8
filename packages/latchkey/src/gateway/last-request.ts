import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LAST = Symbol('no request is read after this one');

type Connection = Socket & { [LAST]?: true };

/**
 * Makes the request under way the last of its connection, for whatever bytes come after it could be part of it.
 * The connection is closed after its answer.
 */
export function endAfter({ socket }: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  allowNoMore(socket);
}

/** From now on nothing that comes on the connection is a request. */
export function allowNoMore(socket: Socket): void {
  (socket as Connection)[LAST] = true;
}

/** Node hands on every request of a chunk, also those behind one that was said to be the last. */
export function allowsMore(socket: Socket): boolean {
  return (socket as Connection)[LAST] === undefined;
}
