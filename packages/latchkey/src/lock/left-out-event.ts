import { latin1Bytes, latin1Of, textOf } from '../core/bytes.ts';

/** How much of both ends of an event is looked at: its fields, and the id of its message. */
const HEAD_LENGTH = 4096;
const TAIL_LENGTH = 512;

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)`;
/** A response, as writers of JSON-RPC begin it; those who have not said the id by then say it last. */
const RESPONSE = new RegExp(
  String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?(?:${ID}\s*,\s*)?"(?:result|error)"\s*:`,
);
/** Nothing but the message itself ends behind this. */
const LAST_ID = new RegExp(String.raw`${ID}\s*\}\s*$`);

/** Both ends of an event that is too large to be held, a character for each byte. */
export interface EventEnds {
  readonly head: string;
  readonly tail: string;
}

export const NO_EVENT: EventEnds = { head: '', tail: '' };

/** The ends of an event that goes on with these bytes. */
export function passBy({ head, tail }: EventEnds, bytes: Uint8Array): EventEnds {
  const text = latin1Of(bytes);
  return { head: (head + text).slice(0, HEAD_LENGTH), tail: (tail + text).slice(-TAIL_LENGTH) };
}

/**
 * What stands in the place of an event that was left out: its id, so that a reader who comes again does not ask for it
 * once more, and where it held a response, an error to the same request. `request` is the id of the request that the
 * stream answers, exact JSON; null where it answers none.
 */
export function toLeftOut(ends: EventEnds, request: string | null): string {
  const [head, tail] = [ends.head, ends.tail].map((text) => textOf(latin1Bytes(text))) as [string, string];
  // The last line of the one and the first of the other may be cut.
  const lines = [...head.split(LINE_END).slice(0, -1), ...tail.split(LINE_END).slice(1)];
  const fields = [...new Set(lines.filter((line) => FIELD.test(line)))];
  const id = request ?? idOf(head, tail);
  const said =
    id === null ? `: ${TEXT}` : `data: {"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"${TEXT}"}}`;
  return [...fields, said, '', ''].join('\n');
}

const TEXT = 'The answer of the server is too large.';
const LINE_END = /\r\n|\n|\r/;
const FIELD = /^(?:event|id|retry):/;

function idOf(head: string, tail: string): string | null {
  const begun = RESPONSE.exec(head.slice(head.search(/^data:/m) + 'data:'.length));
  return begun === null ? null : (begun[1] ?? LAST_ID.exec(tail)?.[1] ?? null);
}
