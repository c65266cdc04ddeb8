import { isEventStream } from '../core/event-stream.ts';
import type { View } from '../core/filter-list.ts';
import { headerOf } from '../core/header-of.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { createFilterBody } from './filter-body.ts';
import { createFilterEvents } from './filter-events.ts';
import { createTakeBack } from './take-back.ts';

/**
 * An Answer that takes out of lists, and of changes that are told, what the caller may not see. Bodies and single events
 * are held until they are whole, at most `maxBytes`: a larger body is refused, a larger event is left out.
 */
export function createFilterAnswer(inner: Answer, view: View, maxBytes: number): Answer {
  const { onAbort, fail: takeBack } = createTakeBack(inner);
  const around = { inner, view, maxBytes };
  let filtering = createFilterBody({ ...around, status: 200, headers: [], takeBack });
  return {
    get aborted() {
      return inner.aborted;
    },
    onAbort,
    onDrain: (handler) => inner.onDrain(handler),
    start(status, given) {
      if (isCoded(given)) return takeBack(refuse('upstream-invalid', { detail: 'a content coding' }));
      const headers = withoutLength(given);
      if (isEventStream(headers)) {
        inner.start(status, headers);
        filtering = createFilterEvents(around);
      } else filtering = createFilterBody({ ...around, status, headers, takeBack });
    },
    write: (chunk) => filtering.write(chunk),
    end: (chunk) => filtering.end(chunk),
    fail: (refusal) => inner.fail(refusal),
    abort: () => inner.abort(),
  };
}

// What these say is true only of the bytes that the server wrote, or of the way they came.
const OF_BYTES: ReadonlySet<string> = new Set([
  'content-length',
  'etag',
  'content-digest',
  'repr-digest',
  'content-md5',
  'transfer-encoding',
  'trailer',
  'connection',
  'keep-alive',
]);

/** The headers of an answer whose bytes are not those that the server wrote. */
export function withoutLength(headers: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (!OF_BYTES.has(headers[i] as string)) kept.push(headers[i] as string, headers[i + 1] as string);
  return kept;
}

/** Whether the bytes are not the text itself (RFC 9110 §8.4), so that nobody could look at it. */
export function isCoded(headers: readonly string[]): boolean {
  const coding = headerOf(headers, 'content-encoding');
  return coding !== null && coding.toLowerCase() !== 'identity';
}
