/** One request of the gateway's own to an issuer. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** [name, value, …]. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface OutgoingAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/**
 * Sends one request and reads its whole answer, whatever its status. Redirects are answers like any other. Rejects with
 * an OutgoingError when there is no whole answer within the bounds of time and size.
 */
export type Outgoing = (request: OutgoingRequest) => Promise<OutgoingAnswer>;

/** What one question may take, unless a caller says otherwise. */
export const OUTGOING_TIMEOUT_MS = 5000;
export const OUTGOING_MAX_BYTES = 512 * 1024;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether who is asked there is this machine, whatever its resolver says: names under `localhost` are not. */
export function isLocal({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname);
}

/** Whether a question would cross no network in clear: only this machine is asked by http. */
export function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal(url));
}

/** Throws an OutgoingError where the question would cross a network in clear. */
export function requireSafe(url: URL): void {
  if (!isSafe(url)) throw new OutgoingError(`${url.host}: the URL must be https`);
}

/** No usable answer of an issuer. The message names the host and what went wrong, never what was sent. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';
}
