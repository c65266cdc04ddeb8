import { randomUUID } from 'node:crypto';
import type { Message } from '../../core/message.ts';
import { isRecord, toIdKey, valueAt } from './json.ts';
import type { Reply } from './reply.ts';

const CAPABILITY: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};
const MAX_QUESTIONS = 16;

/** Asks a legacy client, on the stream of its own request, what a modern server's `input_required` result asks for. */
export class ClientQuestions {
  /** What the client declared in `initialize`; nothing else is asked. */
  capabilities: Readonly<Record<string, unknown>> = {};
  readonly #timeoutMs: number;
  readonly #open = new Map<string, (result: unknown) => void>();
  #lastId = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** The client's results by the server's keys; null when one cannot be had. */
  async ask(requests: unknown, reply: Reply): Promise<Record<string, unknown> | null> {
    const entries = isRecord(requests) ? Object.entries(requests) : [];
    if (entries.length > MAX_QUESTIONS || !entries.every(([, request]) => this.#mayAsk(request))) return null;
    const answers = await Promise.all(
      entries.map(async ([key, request]) => [key, await this.#put(request as Record<string, unknown>, reply)] as const),
    );
    return answers.every(([, answer]) => answer !== undefined) ? Object.fromEntries(answers) : null;
  }

  /** Takes a response of the client. One that answers no open question is dropped. */
  settle(message: Message): void {
    const response = valueAt(message.bytes, { start: 0, end: message.bytes.length });
    const id = toIdKey(message.id ?? 'null');
    this.#open.get(id)?.(isRecord(response) ? response['result'] : undefined);
  }

  close(): void {
    for (const resolve of this.#open.values()) resolve(undefined);
  }

  #mayAsk(request: unknown): boolean {
    const method = isRecord(request) ? request['method'] : undefined;
    const capability = typeof method === 'string' && Object.hasOwn(CAPABILITY, method) ? CAPABILITY[method] : undefined;
    return capability !== undefined && isRecord(this.capabilities[capability]);
  }

  #put(request: Record<string, unknown>, reply: Reply): Promise<unknown> {
    this.#lastId += 1;
    const id = `latchkey-${this.#lastId}`;
    const key = JSON.stringify(id);
    return new Promise((resolve) => {
      const settle = (result: unknown): void => {
        clearTimeout(timer);
        this.#open.delete(key);
        resolve(result);
      };
      const timer = setTimeout(settle, this.#timeoutMs, undefined);
      this.#open.set(key, settle);
      reply.event(
        Buffer.from(
          JSON.stringify({ jsonrpc: '2.0', id, method: request['method'], params: toLegacyParams(request['params']) }),
        ),
      );
    });
  }
}

/** 2025-11-25 wants an id with a URL to visit; later revisions dropped it. */
function toLegacyParams(params: unknown): unknown {
  return isRecord(params) && params['mode'] === 'url' ? { elicitationId: randomUUID(), ...params } : params;
}
