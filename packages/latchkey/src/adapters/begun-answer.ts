import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../lock/passage.ts';
import { cutAnswer } from './cut-answer.ts';

/**
 * Refuses a request whose answer somebody began before it could be judged, and tells whether it did: no status can refuse
 * it any more, and nothing of it can be held back, so it is cut.
 */
export function refuseBegun(guard: Guard, request: IncomingMessage, response: ServerResponse): boolean {
  if (!response.headersSent || response.writableEnded) return false;
  guard.fail(request.method ?? '', new TypeError('The answer was begun before Latchkey could judge its request.'));
  cutAnswer(response);
  return true;
}
