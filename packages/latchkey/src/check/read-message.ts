import type { Answer } from './reply.ts';
import { headerOf } from './reply.ts';

/** A JSON-RPC response, or as much of one as was given. */
export interface Message {
  readonly id?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The JSON-RPC responses of an answer, alone, in a batch or in a stream; empty where it has none. */
export function readMessages(answer: Answer): readonly Message[] {
  const stream = /^text\/event-stream/i.test(headerOf(answer, 'content-type') ?? '');
  return (stream ? eventsOf(answer.body) : [answer.body]).flatMap(parseResponses);
}

/** The one response; null where there is none. */
export function readMessage(answer: Answer): Message | null {
  return readMessages(answer)[0] ?? null;
}

/** Whether the text of an event stream already has a response in it. */
export function holdsResponse(text: string): boolean {
  const end = Math.max(text.lastIndexOf('\n\n'), text.lastIndexOf('\r\n\r\n'), text.lastIndexOf('\r\r'));
  return end !== -1 && eventsOf(text.slice(0, end)).some((event) => parseResponses(event).length > 0);
}

function eventsOf(text: string): readonly string[] {
  return text.split(/\r\n\r\n|\n\n|\r\r/).map((event) =>
    event
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n'),
  );
}

function parseResponses(text: string): readonly Message[] {
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
