import type { Answer } from './reply.ts';
import { headerOf } from './reply.ts';

/** A JSON-RPC response, or as much of one as was given. */
export interface Message {
  readonly id?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

// Many times what a server that means well sends before its response.
const MAX_EVENTS = 1000;

const read = new WeakMap<Answer, readonly Message[]>();

/** The JSON-RPC responses of an answer, alone, in a batch or in a stream; empty where it has none. */
export function readMessages(answer: Answer): readonly Message[] {
  const known = read.get(answer);
  if (known !== undefined) return known;
  const stream = /^text\/event-stream/i.test(headerOf(answer, 'content-type') ?? '');
  const messages = (stream ? eventsOf(answer.body) : [answer.body]).flatMap(parseResponses);
  read.set(answer, messages);
  return messages;
}

/** The one response; null where there is none. */
export function readMessage(answer: Answer): Message | null {
  return readMessages(answer)[0] ?? null;
}

/** Follows an event stream as it comes; true once a response has come, or more events than any response needs. */
export function createStreamReader(): (chunk: Uint8Array) => boolean {
  const decoder = new TextDecoder();
  let rest = '';
  let count = 0;
  return (chunk) => {
    rest += decoder.decode(chunk, { stream: true });
    const end = Math.max(...ENDS.map((mark) => rest.lastIndexOf(mark)));
    if (end === -1) return false;
    const events = eventsOf(rest.slice(0, end));
    rest = rest.slice(end);
    count += events.length;
    return count > MAX_EVENTS || events.some((event) => parseResponses(event).length > 0);
  };
}

const ENDS = ['\n\n', '\r\n\r\n', '\r\r'];

function eventsOf(text: string): readonly string[] {
  return text.split(/\r\n\r\n|\n\n|\r\r/, MAX_EVENTS).map((event) =>
    event
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n'),
  );
}

function parseResponses(text: string): readonly Message[] {
  // Most of what is none is known by that, however long it is to read.
  if (!text.includes('"jsonrpc"')) return [];
  const value = parseJson(text);
  return (Array.isArray(value) ? value : [value]).filter(isResponse);
}

function isResponse(value: unknown): value is Message {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return false;
  return isObject(value['result']) || (isObject(value['error']) && typeof value['error']['code'] === 'number');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
