import { refuse } from '../core/reason.ts';
import { headerOf } from '../core/header-of.ts';
import type { Incoming } from '../lock/incoming.ts';
import type { Guard } from '../lock/passage.ts';
import { splitHeaders } from '../lock/split-headers.ts';
import type { DoorSettings } from './door-options.ts';
import { readBody } from './web-body.ts';

/** What a web-standard Request does not tell by itself. */
export interface Seen {
  readonly address: string;
  /** Null: as the scheme of its URL says. */
  readonly encrypted: boolean | null;
  /** [name, value, …] as they came, where the runtime tells; else null: a Request has those of one name joined. */
  readonly rawHeaders: readonly string[] | null;
  /** The body as its handler would get it, where something else read it before; else null. */
  readonly parsed: (() => Promise<ArrayBuffer>) | null;
  /** What came behind the body, as `rawHeaders`, where the runtime tells. */
  readonly rawTrailers?: () => readonly string[];
}

/** A web-standard Request, for a guard. */
export function toIncoming(request: Request, seen: Seen, { bodyTimeoutMs: timeoutMs }: DoorSettings): Incoming {
  const { address, encrypted, parsed } = seen;
  return {
    request,
    method: request.method,
    // Routes are seldom asked for it, and taking a URL apart costs as much as judging a caller.
    get target() {
      const { href, origin } = new URL(request.url);
      return href.slice(origin.length);
    },
    rawHeaders: seen.rawHeaders ?? splitJoined(request),
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    address,
    encrypted: encrypted ?? request.url.startsWith('https:'),
    readBody: async (limitBytes) => {
      const bounds = { limitBytes, timeoutMs };
      const body = parsed === null ? await readBody(request, bounds) : new Uint8Array(await parsed());
      // Headers that come after everything was judged by them.
      if ((seen.rawTrailers?.() ?? []).length > 0) return refuse('framing', { detail: 'trailers' });
      return body instanceof Uint8Array && body.length > limitBytes ? refuse('body-too-large') : body;
    },
  };
}

function splitJoined({ headers, url }: Request): readonly string[] {
  const rawHeaders = splitHeaders(headers);
  // HTTP/2 has no Host header, and some runtimes take it away.
  if (headerOf(rawHeaders, 'host') === null) rawHeaders.push('host', new URL(url).host);
  return rawHeaders;
}

/** Has the guard judge what `describe` makes of a request, and refuse it where that throws. */
export function admit(guard: Guard, method: string, describe: () => Incoming): ReturnType<Guard['admit']> {
  let incoming: Incoming;
  try {
    incoming = describe();
  } catch (error) {
    return guard.fail(method, error);
  }
  return guard.admit(incoming);
}
