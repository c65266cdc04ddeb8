import type { Awaitable } from './store.ts';

/** A document that anybody may read with GET, such as a key set. */
export interface PublishedDocument {
  /** Exact path, from the origin. */
  readonly path: string;
  /** JSON text with its status. Rejects when it cannot be had: the answer is then 503. */
  body(): Awaitable<{ readonly status: number; readonly body: string }>;
}

export interface EndpointRequest {
  readonly method: string;
  /** What stands after `?`, as it was sent; '' for nothing. */
  readonly query: string;
  /** Exact text of Authorization; null when there is none. */
  readonly authorization: string | null;
  readonly contentType: string | null;
  /** At most 64 KiB, '' for GET. */
  readonly body: string;
}

export interface EndpointAnswer {
  readonly status: number;
  /** [name, value, …]. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** An endpoint of the OAuth side: anybody may call it, as often as an address may; it asks for its own proof. */
export interface Endpoint {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST')[];
  handle(request: EndpointRequest): Promise<EndpointAnswer>;
}
