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

/** Throws an OutgoingError where the question would cross a network in clear: only this machine is asked by http. */
export function requireSafe({ protocol, hostname, host }: URL): void {
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))) return;
  throw new OutgoingError(`${host}: plain http would cross the network in clear; the URL must be https`);
}

/** No usable answer of an issuer. The message names the host and what went wrong, never what was sent. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';
}
