import type { Passage, Refused } from '../lock/passage.ts';
import { toResponse } from './web-answer.ts';

/** A request as it was judged, and how to tell its server that nobody waits any more. */
export interface Judged {
  readonly request: Request;
  stop(): void;
}

/** The request with the bytes that were judged, and no others, as its body. */
export function toJudged(request: Request, { message, whole }: Passage): Judged {
  const { method, url, signal } = request;
  const headers = new Headers(request.headers);
  // What has to be looked at cannot be looked at when it is compressed.
  if (!whole) headers.delete('accept-encoding');
  const stopping = new AbortController();
  signal.addEventListener('abort', () => stopping.abort(signal.reason), { once: true });
  const body = (message?.bytes ?? null) as Uint8Array<ArrayBuffer> | null;
  return {
    request: new Request(url, { method, headers, body, signal: stopping.signal }),
    stop: () => stopping.abort(),
  };
}

export function toRefusal({ answer }: Refused): Response {
  return toResponse(answer.body, answer.status, answer.headers);
}
