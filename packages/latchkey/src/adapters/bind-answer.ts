import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passage } from '../lock/passage.ts';
import { cutAnswer } from './cut-answer.ts';
import { takeOver, type Taken } from './take-over.ts';

/** What became of an answer that was bound. */
export interface Bound {
  /** Null where the caller gets what the handler writes as it is. */
  readonly taken: Taken | null;
}

const UNTAKEN: Bound = { taken: null };

/**
 * Binds the answer of a request that was let in to its passage: what the handler writes goes through `show`, it is cut when
 * the caller's credential ends, and its end is told. Null where nobody waits for an answer any more, or somebody answers.
 */
export function bindAnswer(request: IncomingMessage, response: ServerResponse, passage: Passage): Bound | null {
  if (response.destroyed || response.headersSent) {
    passage.finish(response.headersSent ? response.statusCode : 0);
    return null;
  }
  const bound = passage.whole ? UNTAKEN : { taken: takeOver(request, response, passage) };
  const { headers } = passage;
  for (let i = 0; i < headers.length; i += 2) response.appendHeader(headers[i] as string, headers[i + 1] as string);
  passage.onEnded(() => cutAnswer(response));
  const sender = bound.taken === null ? response : bound.taken.caller;
  response.on('close', () => passage.finish(sender.headersSent ? response.statusCode : 0));
  return bound;
}
