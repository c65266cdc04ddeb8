import { bytesOf, copyBytes, joinBytes, latin1Of, textOf } from '../core/bytes.ts';
import { filterList, type View } from '../core/filter-list.ts';
import type { Answer } from '../core/upstream.ts';
import { EVENT_END, lastBoundary, LONGEST_END, splitEvents, withoutMark } from './events.ts';
import { NO_EVENT, passBy, toLeftOut, type EventEnds } from './left-out-event.ts';

interface FilteredEvents {
  readonly inner: Answer;
  readonly view: View;
  readonly maxBytes: number;
}

/** Passes each event on when it is whole, with what of it the caller may see. */
export function createFilterEvents({ inner, view, maxBytes }: FilteredEvents): Pick<Answer, 'write' | 'end'> {
  let held: Uint8Array[] = [];
  let size = 0;
  let tail = new Uint8Array(0);
  let begun = false;
  let leftOut: EventEnds | null = null;

  const hold = (bytes: Uint8Array): void => {
    size += bytes.length;
    held.push(bytes);
  };

  /** Whether an event ends in what came now. Only then is all that is held looked at, so that the work stays linear. */
  const endsEvent = (bytes: Uint8Array): boolean => {
    const seam = joinBytes([tail, bytes]);
    tail = seam.subarray(-LONGEST_END + 1);
    return latin1Of(seam).search(EVENT_END) !== -1;
  };

  const passEvents = (last: boolean): boolean => {
    const bytes = joinBytes(held);
    // Counted in bytes: what is no UTF-8 has another length as text.
    const boundary = last ? bytes.length : lastBoundary(latin1Of(bytes));
    if (boundary === 0) return true;
    const whole = textOf(bytes, 0, boundary);
    const rest = bytes.subarray(boundary);
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

  const write = (chunk: Uint8Array | string): boolean => {
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

  return {
    write,
    end(chunk) {
      if (chunk !== undefined) write(chunk);
      if (leftOut !== null) inner.write(toLeftOut(leftOut, view.id));
      passEvents(true);
      inner.end();
    },
  };
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
    if (filtered === null) return joinEvent([...fields, ...lines.filter(isData)]);
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
  return line.startsWith('data:');
}
