import { bytesOf, latin1Bytes, latin1Of } from '../core/bytes.ts';
import { isEventStream } from '../core/event-stream.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { lastBoundary } from './events.ts';
import { isCoded, withoutLength } from './filter-answer.ts';
import { createTakeBack } from './take-back.ts';

const PUBLIC = /("cacheScope"[ \t\r\n]*:[ \t\r\n]*)"public"/g;
// No match is longer, save with blanks that nobody writes.
const LONGEST = 64;

/**
 * An Answer that calls no result public, since what one caller may read is not for others (MCP 2026-07-28, Caching). In a
 * JSON string the same words have backslashes, so they are left alone. Passes as it comes, but for the last bytes of what is
 * not whole yet.
 */
export function createPrivateAnswer(inner: Answer): Answer {
  const { onAbort, fail: takeBack } = createTakeBack(inner);
  let tail = '';
  let stream = false;
  return {
    get aborted() {
      return inner.aborted;
    },
    onAbort,
    onDrain: (handler) => inner.onDrain(handler),
    start(status, headers) {
      stream = isEventStream(headers);
      if (isCoded(headers)) takeBack(refuse('upstream-invalid', { detail: 'a content coding' }));
      else inner.start(status, withoutLength(headers));
    },
    write(chunk) {
      const text = (tail + toText(chunk)).replaceAll(PUBLIC, '$1"private"');
      // An event leaves when it is whole.
      const passing = text.slice(0, Math.max(stream ? lastBoundary(text) : 0, text.length - LONGEST, 0));
      tail = text.slice(passing.length);
      return passing === '' || inner.write(latin1Bytes(passing));
    },
    end(chunk) {
      const text = tail + (chunk === undefined ? '' : toText(chunk));
      inner.end(latin1Bytes(text.replaceAll(PUBLIC, '$1"private"')));
    },
    fail: (refusal) => inner.fail(refusal),
    abort: () => inner.abort(),
  };
}

function toText(chunk: Uint8Array | string): string {
  return latin1Of(typeof chunk === 'string' ? bytesOf(chunk) : chunk);
}
