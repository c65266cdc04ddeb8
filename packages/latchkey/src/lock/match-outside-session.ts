import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import { sessionOf } from './limit-open.ts';

/**
 * What a message that belongs to no session may point at. Within a session the server knows what an id means; outside of
 * one, the same id can be another caller's, so only what cannot be meant for others is passed on. `accept`: answer it
 * without the server; a notification has no answer, so that it went nowhere is told to nobody. `open` gives the requests
 * that the same server is answering.
 */
export function matchOutsideSession(
  { message, era, headers, principal }: Asking,
  open: () => readonly Asking[],
): Refusal | 'accept' | null {
  if (message === null || message.kind === 'request' || (era === 'legacy' && headers.sessionId !== null)) return null;
  if (message.kind === 'response') return refuse('session-missing');
  if (message.method === 'notifications/progress') return 'accept';
  if (message.method !== 'notifications/cancelled') return null;
  if (era === 'modern' || message.cancels === null) return 'accept';
  const id: unknown = JSON.parse(message.cancels);
  const calls = open().filter((asking) => isCallOutside(asking, id));
  return calls.length > 0 && calls.every((call) => call.principal?.id === principal?.id) ? null : 'accept';
}

function isCallOutside(asking: Asking, id: unknown): boolean {
  const { message } = asking;
  return sessionOf(asking) === null && message?.kind === 'request' && JSON.parse(message.id ?? 'null') === id;
}
