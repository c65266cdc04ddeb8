import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passage } from '../lock/passage.ts';
import { cutAnswer } from './cut-answer.ts';
import { takeOver, type Taken } from './take-over.ts';

/**
 * Binds the answer of a request that was let in to its passage: what the handler writes goes through `show`, it is cut when
 * the caller's credential ends, and its end is told. False where nobody waits for an answer any more.
 */
export function bindAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
  taken: Taken | null = passage.whole ? null : takeOver(request, response, passage),
): boolean {
  if (response.destroyed || response.writableEnded) {
    passage.finish(response.headersSent ? response.statusCode : 0);
    return false;
  }
  const { headers } = passage;
  for (let i = 0; i < headers.length; i += 2) response.appendHeader(headers[i] as string, headers[i + 1] as string);
  passage.onEnded(() => cutAnswer(response));
  const sender = taken === null ? response : taken.caller;
  response.on('close', () => passage.finish(sender.headersSent ? response.statusCode : 0));
  return true;
}
