import { ownerOf, type Principal } from '../../core/principal.ts';
import type { ProtectedServer } from '../exchange.ts';
import type { SseStream } from './stream.ts';

/** The open streams of the HTTP+SSE transport, by the id that their clients post to. */
export interface SseStreams {
  add(server: ProtectedServer, stream: SseStream): void;
  remove(stream: SseStream): void;
  /** Null when there is no such stream, or it is not this principal's, or of another server. */
  find(server: ProtectedServer, principal: Principal, id: string): SseStream | null;
  /** Streams of a principal that have no session of the upstream to be counted by. */
  countWithoutSession(principal: Principal): number;
}

export function createSseStreams(): SseStreams {
  const streams = new Map<string, { readonly stream: SseStream; readonly server: ProtectedServer }>();
  return {
    add: (server, stream) => void streams.set(stream.id, { stream, server }),
    remove: ({ id }) => void streams.delete(id),
    find(server, principal, id) {
      const found = streams.get(id);
      if (found === undefined || found.server !== server || !found.stream.usable) return null;
      return ownerOf(found.stream.principal) === ownerOf(principal) ? found.stream : null;
    },
    countWithoutSession(principal) {
      const owner = ownerOf(principal);
      let count = 0;
      for (const { stream } of streams.values())
        if (stream.sealed === null && ownerOf(stream.principal) === owner) count += 1;
      return count;
    },
  };
}
