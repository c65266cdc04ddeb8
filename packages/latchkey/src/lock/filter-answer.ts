import { bytesOf, copyBytes, joinBytes, latin1Of, lengthInBytes, textOf } from '../core/bytes.ts';
import { filterList, type View } from '../core/filter-list.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { EVENT_END, lastBoundary, LONGEST_END, splitEvents, withoutMark } from './events.ts';
import { headerOf } from './header-of.ts';
import { NO_EVENT, passBy, toLeftOut, type EventEnds } from './left-out-event.ts';

/**
 * An Answer that takes out of lists, and of changes that are told, what the caller may not see. Bodies and single events
 * are held until they are whole, at most `maxBytes`: a larger body is refused, a larger event is left out.
 */
export function createFilterAnswer(inner: Answer, view: View, maxBytes: number): Answer {
  let mode: 'body' | 'events' = 'body';
  const stops: (() => void)[] = [];
  let held: Uint8Array[] = [];
  let size = 0;
  let tail = new Uint8Array(0);
  let begun = false;
  let leftOut: EventEnds | null = null;
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

  const hold = (bytes: Uint8Array): void => {
    size += bytes.length;
    held.push(bytes);
  };

  const holdBody = (chunk: Uint8Array | string): boolean => {
    hold(copyBytes(chunk));
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

  /** Whether an event ends in what came now. Only then is all that is held looked at, so that the work stays linear. */
  const endsEvent = (bytes: Uint8Array): boolean => {
    const seam = joinBytes([tail, bytes]);
    tail = seam.subarray(-LONGEST_END + 1);
    return latin1Of(seam).search(EVENT_END) !== -1;
  };

  const passEvents = (last: boolean): boolean => {
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
    return inner.write(events.map(passEvent).join(''));
  };

  const passEvent = (event: string): string =>
    event.length > maxBytes ? toLeftOut(passBy(NO_EVENT, bytesOf(event)), view.id) : filterEvent(event, view);

  /** What is behind the end of the event that is left out is held again. */
  const skipEvent = (ends: EventEnds, bytes: Uint8Array): void => {
    const [last = ''] = splitEvents(ends.tail + latin1Of(bytes));
    const end = last.length - ends.tail.length;
    inner.write(toLeftOut(passBy(ends, bytes.subarray(0, end)), view.id));
    leftOut = null;
    hold(bytes.subarray(end));
  };

  const writeEvents = (chunk: Uint8Array | string): boolean => {
    const bytes = copyBytes(chunk);
    const whole = endsEvent(bytes);
    if (leftOut === null) hold(bytes);
    else if (whole) skipEvent(leftOut, bytes);
    else leftOut = passBy(leftOut, bytes);
    const room = !whole || passEvents(false);
    if (size > maxBytes) {
      leftOut = passBy(NO_EVENT, joinBytes(held));
      held = [];
      size = 0;
    }
    return room;
  };

  const endEvents = (): void => {
    if (leftOut !== null) inner.write(toLeftOut(leftOut, view.id));
    passEvents(true);
    inner.end();
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
      mode = type.startsWith('text/event-stream') ? 'events' : 'body';
      if (mode === 'events') inner.start(status, withoutLength(headers));
      else startArguments = [status, withoutLength(headers)];
    },
    write: (chunk) => (mode === 'body' ? holdBody(chunk) : writeEvents(chunk)),
    end(chunk) {
      if (mode === 'events') {
        if (chunk !== undefined) writeEvents(chunk);
        endEvents();
      } else if (chunk === undefined || holdBody(chunk)) endBody();
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
