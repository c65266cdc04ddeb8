// Event streams (WHATWG HTML §9.2.6).

/** What ends an event: two of the three line ends. A return behind a line feed is known for one by what follows it. */
export const EVENT_END = /\r\n\r\n|\n\n|\r\r|\n\r\n|\n\r(?!\n|$)/g;
export const LONGEST_END = 4;

/** The beginning of a stream as its readers take it: without a byte order mark (§9.2.5). */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Where the last whole event ends; 0 where there is none. */
export function lastBoundary(text: string): number {
  let end = 0;
  for (const match of text.matchAll(EVENT_END)) end = match.index + match[0].length;
  return end;
}

/** The events with their ends, and what is left over behind the last one. */
export function splitEvents(text: string): readonly string[] {
  const events: string[] = [];
  let from = 0;
  for (const match of text.matchAll(EVENT_END)) {
    events.push(text.slice(from, match.index + match[0].length));
    from = match.index + match[0].length;
  }
  if (from < text.length) events.push(text.slice(from));
  return events;
}
