import { copyBytes, joinBytes, lengthInBytes, textOf } from '../core/bytes.ts';
import { filterList, type View } from '../core/filter-list.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { createEventFilter, type EventFilter } from './event-filter.ts';
import { headerOf } from './header-of.ts';

/**
 * An Answer that takes out of lists, and of changes that are told, what the caller may not see. Bodies and single events
 * are held until they are whole, at most `maxBytes`: a larger body is refused, a larger event is left out.
 */
export function createFilterAnswer(inner: Answer, view: View, maxBytes: number): Answer {
  let events: EventFilter | null = null;
  const stops: (() => void)[] = [];
  let held: Uint8Array[] = [];
  let size = 0;
  let startArguments: [number, readonly string[]] = [200, []];

  const tooLarge = (): boolean => {
    held = [];
    inner.fail(refuse('upstream-too-large'));
    // The caller has its answer, so nobody else would tell the upstream to stop.
    for (const stop of stops.splice(0)) stop();
    return false;
  };

  const unreadable = (): void => {
    inner.fail(refuse('upstream-invalid', { detail: 'a list with a content coding' }));
    for (const stop of stops.splice(0)) stop();
  };

  const holdBody = (chunk: Uint8Array | string): boolean => {
    const bytes = copyBytes(chunk);
    size += bytes.length;
    held.push(bytes);
    return size <= maxBytes || tooLarge();
  };

  const endWith = (body: Uint8Array | string): void => {
    const length = typeof body === 'string' ? lengthInBytes(body) : body.length;
    inner.start(startArguments[0], [...startArguments[1], 'content-length', String(length)]);
    inner.end(body);
  };

  const endBody = (): void => {
    const body = joinBytes(held);
    const text = textOf(body);
    let filtered: string;
    try {
      filtered = text === '' ? text : (filterList(text, view) ?? text);
    } catch {
      if (isErrorPage(startArguments)) return endWith(body);
      inner.fail(refuse('upstream-invalid', { detail: 'a list that is not JSON' }));
      return;
    }
    endWith(filtered);
  };

  return {
    get aborted() {
      return inner.aborted;
    },
    onAbort(handler) {
      stops.push(handler);
      inner.onAbort(handler);
    },
    onDrain: (handler) => inner.onDrain(handler),
    start(status, headers) {
      if (isCoded(headers)) return unreadable();
      const type = headerOf(headers, 'content-type')?.toLowerCase() ?? '';
      if (type.startsWith('text/event-stream')) events = createEventFilter(inner, view, maxBytes);
      if (events !== null) inner.start(status, withoutLength(headers));
      else startArguments = [status, withoutLength(headers)];
    },
    write: (chunk) => events?.write(chunk) ?? holdBody(chunk),
    end(chunk) {
      if (events === null) {
        if (chunk === undefined || holdBody(chunk)) endBody();
        return;
      }
      if (chunk !== undefined) events.write(chunk);
      events.end();
      inner.end();
    },
    fail: (refusal) => inner.fail(refusal),
    abort: () => inner.abort(),
  };
}

/** A text of a server or its framework ("Method Not Allowed"), which is no list and no message to any reader. */
function isErrorPage([status, headers]: [number, readonly string[]]): boolean {
  return status >= 400 && !/json/i.test(headerOf(headers, 'content-type') ?? '');
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
