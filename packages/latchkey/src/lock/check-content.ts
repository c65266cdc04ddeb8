import { refuse, type Refusal } from '../core/reason.ts';
import type { RequestHeaders } from './request-headers.ts';

// RFC 9110 §8.3.1; JSON has no charset parameter, but UTF-8 says what holds anyway. Other parameters change nothing.
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*([a-z0-9!#$&^_.+-]+)=("[^"\\]*"|[a-z0-9!#$&^_.+-]+))*[ \t]*$/i;
const FOREIGN_CHARSET = /;[ \t]*charset=(?!"?utf-8"?(?:[ \t]*(?:;|$)))/i;
const ACCEPTABLE = /(?:^|[,\s])(?:application\/json|text\/event-stream|\*\/\*|application\/\*|text\/\*)(?=$|[\s;,])/i;
const ACCEPTS_STREAM = /(?:^|[,\s])(?:text\/event-stream|\*\/\*|text\/\*)(?=$|[\s;,])/i;

/** What the headers of a POST say of its body, before a byte of it is read: `limitBytes` is its greatest size. */
export function checkContent(headers: RequestHeaders, limitBytes: number): Refusal | null {
  if (headers.contentEncoding !== null) return refuse('content-encoding');
  const type = headers.contentType;
  if (type !== 'application/json' && (type === null || !JSON_TYPE.test(type) || FOREIGN_CHARSET.test(type)))
    return refuse('content-type');
  const refusal = checkAccept(headers.accept);
  if (refusal !== null) return refusal;
  return headers.contentLength !== null && Number(headers.contentLength) > limitBytes ? refuse('body-too-large') : null;
}

/** Whether an answer of MCP could be taken. */
export function checkAccept(accept: string | null): Refusal | null {
  return accept !== null && !ACCEPTABLE.test(accept) ? refuse('not-acceptable') : null;
}

/** The same for a GET, which is answered by a stream of events. */
export function checkAcceptsStream(accept: string | null): Refusal | null {
  return accept !== null && !ACCEPTS_STREAM.test(accept) ? refuse('not-acceptable') : null;
}
