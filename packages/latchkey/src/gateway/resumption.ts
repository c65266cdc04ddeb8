import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../core/reason.ts';
import type { Forwardable } from '../core/upstream.ts';
import { headerOf } from '../core/header-of.ts';
import { messagesIn, placeIn, type Collected } from './collect-answer.ts';
import type { StreamPlace } from './event-reader.ts';

const PAUSE_MS = 1000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/**
 * The GET that goes on with the stream of a call whose server ended it before the response (MCP 2025-11-25, Transports
 * §Resumability and Redelivery).
 */
export function toResumption(call: Forwardable, sessionId: string, { lastEventId }: StreamPlace): Forwardable {
  const kept = call.headers.filter((_, at) => !OF_POST.test(call.headers[at - (at % 2)] as string));
  const headers = [...kept, 'accept', 'text/event-stream', 'last-event-id', lastEventId];
  return { ...call, httpMethod: 'GET', message: null, sessionId, headers };
}

const OF_POST = /^(?:accept|content-type|mcp-method|mcp-name|mcp-param-.*|last-event-id)$/;

/** How long to leave the server alone before. */
export function pauseBefore({ retryMs }: StreamPlace): number {
  return Math.min(Math.max(retryMs ?? PAUSE_MS, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
}

/** Sends a request and keeps its answer, for so many milliseconds; null: as long as the upstream lets it. */
type Send = (request: Forwardable, timeoutMs: number | null) => Promise<Collected | Refusal>;

/** Sends a call, and goes on with its stream as often as that ends before the response, at most `maxMs` in all. */
export async function askOn(send: Send, call: Forwardable, maxMs: number): Promise<Collected | Refusal> {
  const until = performance.now() + maxMs;
  const first = await send(call, null);
  const sessionId = call.sessionId ?? ('reason' in first ? null : headerOf(first.headers, 'mcp-session-id'));
  if ('reason' in first || sessionId === null || call.message?.kind !== 'request') return first;
  let heard = first;
  let place = placeIn(first, null);
  while (place !== null && !hasResponse(heard)) {
    await sleep(pauseBefore(place));
    const next = await send(toResumption(call, sessionId, place), Math.max(until - performance.now(), 0));
    if ('reason' in next) return next;
    heard = { ...next, headers: [...next.headers, 'mcp-session-id', sessionId] };
    place = placeIn(next, place);
  }
  return heard;
}

function hasResponse(heard: Collected): boolean {
  return messagesIn(heard).some((text) => {
    try {
      const message = JSON.parse(text) as { method?: unknown; id?: unknown };
      return message.id !== undefined && message.method === undefined;
    } catch {
      return false;
    }
  });
}
