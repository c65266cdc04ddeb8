import type { ServerResponse } from 'node:http';

/** RFC 9113 §7: a stream that ends without an error looks whole. */
const INTERNAL_ERROR = 2;

/** Ends an answer so that it cannot look whole, over HTTP/1 and HTTP/2. */
export function cutAnswer(response: ServerResponse): void {
  const { stream } = response as { stream?: { close(code: number): void } };
  if (stream === undefined) response.destroy();
  else stream.close(INTERNAL_ERROR);
}
