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

/** No usable answer of an issuer. The message names the host and what went wrong, never what was sent. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';
}
