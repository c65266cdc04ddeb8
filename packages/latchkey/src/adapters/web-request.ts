import type { Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import type { WireAnswer } from '../core/wire.ts';
import { toAuthInfo, type AuthInfo } from '../lock/auth-info.ts';
import type { Passage } from '../lock/passage.ts';
import type { DoorSettings } from './door-options.ts';
import { toResponse } from './web-answer.ts';

/** A request as it was judged, and how to tell its handler that nobody waits any more. */
export interface Judged {
  readonly request: Request;
  stop(): void;
}

/** The request with the bytes that were judged, and no others, as its body. */
export function toJudged(request: Request, { message, whole }: Passage): Judged {
  // `cf` is what Cloudflare tells of a request beside it.
  const { method, url, signal, cf } = request as Request & { readonly cf?: unknown };
  const headers = new Headers(request.headers);
  // What has to be looked at cannot be looked at when it is compressed.
  if (!whole) headers.delete('accept-encoding');
  const stopping = new AbortController();
  if (signal.aborted) stopping.abort(signal.reason);
  else signal.addEventListener('abort', () => stopping.abort(signal.reason), { once: true });
  const body = (message?.bytes ?? null) as Uint8Array<ArrayBuffer> | null;
  return {
    request: new Request(url, { method, headers, body, signal: stopping.signal, cf } as RequestInit),
    stop: () => stopping.abort(),
  };
}

/** What MCP SDK handlers are told of a caller. */
export function authInfoOf(request: Request, principal: Principal, { withToken }: DoorSettings): AuthInfo {
  return withToken ? toAuthInfo(principal, { token: tokenOf(request.headers) }) : toAuthInfo(principal);
}

function tokenOf(headers: Headers): Secret {
  return new Secret(headers.get('authorization')?.replace(/^\S+ +/, '') ?? headers.get('x-api-key') ?? '');
}

export function respond({ status, headers, body }: WireAnswer): Response {
  return toResponse(body === '' ? null : body, status, headers);
}
