import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';

/**
 * What a message that belongs to no session may point at. Within a session the server knows what an id means; outside of
 * one, the same id can be another caller's, so only what cannot be meant for others is passed on. `accept`: answer it
 * without the server; a notification has no answer, so that it went nowhere is told to nobody.
 */
export function matchOutsideSession(
  { message, era, headers }: Asking,
  isOwnCall: (cancels: string) => boolean,
): Refusal | 'accept' | null {
  if (message === null || message.kind === 'request' || (era === 'legacy' && headers.sessionId !== null)) return null;
  if (message.kind === 'response') return refuse('session-missing');
  if (message.method === 'notifications/progress') return 'accept';
  if (message.method !== 'notifications/cancelled') return null;
  return era === 'legacy' && message.cancels !== null && isOwnCall(message.cancels) ? null : 'accept';
}
