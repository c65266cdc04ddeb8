import { hash } from 'node:crypto';
import type { Message } from '../../core/message.ts';
import { isRecord, toResult } from './json.ts';
import type { Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';

/** Methods a result may ask for input in (MCP 2026-07-28 MRTR §Supported Requests). */
export const ASKING: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
/** What may be asked in them, by the capability that a client must declare. */
export const ASKED: ReadonlyMap<string, string> = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);

/** A request of the server that waits for the client's answer. */
export interface Question {
  readonly key: string;
  readonly id: string;
  readonly method: string;
  readonly params: string | null;
}

/** One call of a client, from its first request to its result. */
export interface Round {
  readonly id: number;
  readonly method: string;
  readonly principalId: string;
  /** Of what the retry must repeat: method, target and arguments. */
  readonly digest: string;
  reply: Reply | null;
  token: string | null;
  state: string | null;
  /** The call for as long as the child waits for answers to what it asked before. */
  unsent: Buffer | null;
  /** The response, when it came while the client was being asked. */
  response: ServerLine | null;
  timer: NodeJS.Timeout;
}

/** Of what a retry must repeat. */
export function digestOfCall(message: Message, params: unknown): string {
  const args = isRecord(params) ? (params['arguments'] ?? null) : null;
  return hash('sha256', JSON.stringify([message.method, message.name, message.uri, args]));
}

/** The result that hands questions on to the client (MCP 2026-07-28 MRTR). */
export function toInputRequired(id: string, questions: readonly Question[], state: string): Buffer {
  const requests = questions.map(
    ({ key, method, params }) => `"${key}":{"method":"${method}"${params === null ? '' : `,"params":${params}`}}`,
  );
  const result = `{"resultType":"input_required","inputRequests":{${requests.join(',')}},"requestState":"${state}"}`;
  return toResult(id, result);
}
