import { filterList } from '../core/filter-list.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { headerOf } from './http-answer.ts';

/** What becomes of one message; null leaves it as it is, throwing refuses it. */
export type Filter = (text: string) => ReturnType<typeof filterList>;

/**
 * An Answer that takes out of list results what the caller may not use. Bodies and single events are held until they are
 * whole, at most `maxBytes`. Nothing of it is for a cache that others read too.
 */
export function createFilterAnswer(inner: Answer, filter: Filter, maxBytes: number): Answer {
  let mode: 'json' | 'events' = 'json';
  let held: Buffer[] = [];
  let size = 0;
  let startArguments: [number, readonly string[]] = [200, []];

  const tooLarge = (): boolean => {
    held = [];
    inner.fail(refuse('upstream-too-large'));
    return false;
  };

  const hold = (chunk: Uint8Array | string): boolean => {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) return tooLarge();
    held.push(bytes);
    return true;
  };

  const endJson = (): void => {
    const text = Buffer.concat(held).toString('utf8');
    let filtered: string;
    try {
      filtered = text === '' ? text : (filter(text) ?? text);
    } catch {
      inner.fail(refuse('upstream-invalid', { detail: 'a list that is not JSON' }));
      return;
    }
    inner.start(startArguments[0], [...startArguments[1], 'content-length', String(Buffer.byteLength(filtered))]);
    inner.end(filtered);
  };

  const writeEvents = (last: boolean): boolean => {
    const text = Buffer.concat(held).toString('utf8');
    // A UTF-8 sequence is never cut: what follows the last event boundary stays in bytes.
    const boundary = last ? text.length : lastBoundary(text);
    if (boundary === 0) return true;
    const whole = text.slice(0, boundary);
    const rest = Buffer.concat(held).subarray(Buffer.byteLength(whole));
    held = rest.length === 0 ? [] : [rest];
    size = rest.length;
    return inner.write(
      splitEvents(whole)
        .map((event) => filterEvent(event, filter))
        .join(''),
    );
  };

  return {
    get aborted() {
      return inner.aborted;
    },
    onAbort: (handler) => inner.onAbort(handler),
    onDrain: (handler) => inner.onDrain(handler),
    start(status, headers) {
      // Media types are case-insensitive (RFC 9110 §8.3.1); what says no type is read as JSON, or it would pass unread.
      const type = (headerOf(headers, 'content-type') ?? '').toLowerCase();
      mode = type.startsWith('text/event-stream') ? 'events' : 'json';
      startArguments = [status, ownHeaders(headers)];
      if (mode === 'events') inner.start(...startArguments);
    },
    write: (chunk) => hold(chunk) && (mode === 'json' || writeEvents(false)),
    end(chunk) {
      if (chunk !== undefined && !hold(chunk)) return;
      if (mode === 'json') endJson();
      else {
        writeEvents(true);
        inner.end();
      }
    },
    fail: (refusal) => inner.fail(refusal),
    abort: () => inner.abort(),
  };
}

// The three line ends of the event stream format (WHATWG HTML §9.2.6).
const EVENT_END = /\r\n\r\n|\n\n|\r\r|\n\r\n/g;

function lastBoundary(text: string): number {
  let end = 0;
  for (const match of text.matchAll(EVENT_END)) end = match.index + match[0].length;
  return end;
}

function splitEvents(text: string): readonly string[] {
  const events: string[] = [];
  let from = 0;
  for (const match of text.matchAll(EVENT_END)) {
    events.push(text.slice(from, match.index + match[0].length));
    from = match.index + match[0].length;
  }
  if (from < text.length) events.push(text.slice(from));
  return events;
}

function filterEvent(event: string, filter: Filter): string {
  // An escape could spell the word otherwise.
  if (!event.includes('"result"') && !event.includes('\\u')) return event;
  const lines = event.split(/\r\n|\n|\r/);
  const fields = lines.filter((line) => line !== '' && !isData(line));
  const payload = lines.filter(isData).map((line) => line.slice(5).replace(/^ /, ''));
  const text = payload.join('\n');
  try {
    const filtered = filter(text);
    return filtered === null ? event : `${[...fields, `data: ${filtered}`].join('\n')}\n\n`;
  } catch {
    // What cannot be read cannot be judged, so it is not shown.
    return '';
  }
}

function isData(line: string): boolean {
  return line.startsWith('data:');
}

function ownHeaders(headers: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] !== 'content-length' && headers[i] !== 'cache-control')
      kept.push(headers[i] as string, headers[i + 1] as string);
  return [...kept, 'cache-control', 'no-store'];
}
