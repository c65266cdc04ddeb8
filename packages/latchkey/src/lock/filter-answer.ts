import { bytesOf, copyBytes, joinBytes, latin1Of, lengthInBytes, textOf } from '../core/bytes.ts';
import { filterList, type View } from '../core/filter-list.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { EVENT_END, lastBoundary, LONGEST_END, splitEvents, withoutMark } from './events.ts';
import { headerOf } from './header-of.ts';
import { createTakeBack } from './take-back.ts';

/**
 * An Answer that takes out of lists, and of changes that are told, what the caller may not see. Bodies and single events
 * are held until they are whole, at most `maxBytes`.
 */
export function createFilterAnswer(inner: Answer, view: View, maxBytes: number): Answer {
  let mode: 'body' | 'events' = 'body';
  const { onAbort, fail: takeBack } = createTakeBack(inner);
  let held: Uint8Array[] = [];
  let size = 0;
  let tail = new Uint8Array(0);
  let begun = false;
  let startArguments: [number, readonly string[]] = [200, []];

  const tooLarge = (): boolean => {
    held = [];
    takeBack(refuse('upstream-too-large'));
    return false;
  };

  const hold = (chunk: Uint8Array | string): boolean => {
    const bytes = copyBytes(chunk);
    size += bytes.length;
    if (size > maxBytes) return tooLarge();
    held.push(bytes);
    return true;
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

  /** Whether an event ends in what came now. Only then is all that is held looked at, so that the work stays linear. */
  const endsEvent = (chunk: Uint8Array | string): boolean => {
    const seam = joinBytes([tail, typeof chunk === 'string' ? bytesOf(chunk) : chunk]);
    tail = seam.subarray(-LONGEST_END + 1);
    return latin1Of(seam).search(EVENT_END) !== -1;
  };

  const writeEvents = (last: boolean): boolean => {
    const text = textOf(joinBytes(held));
    // A UTF-8 sequence is never cut: what follows the last event boundary stays in bytes.
    const boundary = last ? text.length : lastBoundary(text);
    if (boundary === 0) return true;
    const whole = text.slice(0, boundary);
    const rest = joinBytes(held).subarray(lengthInBytes(whole));
    held = rest.length === 0 ? [] : [rest];
    size = rest.length;
    const events = splitEvents(begun ? whole : withoutMark(whole));
    begun = true;
    return inner.write(events.map((event) => filterEvent(event, view)).join(''));
  };

  return {
    get aborted() {
      return inner.aborted;
    },
    onAbort,
    onDrain: (handler) => inner.onDrain(handler),
    start(status, headers) {
      if (isCoded(headers)) return takeBack(refuse('upstream-invalid', { detail: 'a list with a content coding' }));
      const type = headerOf(headers, 'content-type')?.toLowerCase() ?? '';
      mode = type.startsWith('text/event-stream') ? 'events' : 'body';
      if (mode === 'events') inner.start(status, withoutLength(headers));
      else startArguments = [status, withoutLength(headers)];
    },
    write: (chunk) => hold(chunk) && (mode === 'body' || !endsEvent(chunk) || writeEvents(false)),
    end(chunk) {
      if (chunk !== undefined && !hold(chunk)) return;
      if (mode === 'body') return endBody();
      writeEvents(true);
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

function filterEvent(event: string, view: View): string {
  const lines = event.split(/\r\n|\n|\r/);
  const text = lines
    .filter(isData)
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
  const fields = lines.filter((line) => OTHER_FIELD.test(line));
  try {
    // A comment, or an event that only gives its id, says nothing.
    const filtered = text === '' ? null : filterList(text, view);
    if (filtered === null && lines.every(isKnown)) return event;
    if (filtered === null) return joinEvent(text === '' ? fields : [...fields, ...lines.filter(isData)]);
    // An event without data is none to a reader, but its id is where to go on from.
    return joinEvent(filtered === '' ? fields : [...fields, `data: ${filtered}`]);
  } catch {
    // What cannot be read cannot be judged, so it is not shown.
    return '';
  }
}

function joinEvent(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** What is no data and yet means something to a reader (WHATWG HTML §9.2.6); it ignores every other line. */
const OTHER_FIELD = /^(?::|(?:event|id|retry)(?::|$))/;

function isKnown(line: string): boolean {
  return line === '' || isData(line) || OTHER_FIELD.test(line);
}

function isData(line: string): boolean {
  return line === 'data' || line.startsWith('data:');
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
