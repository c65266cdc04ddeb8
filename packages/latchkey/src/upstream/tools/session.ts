import type { Message } from '../../core/message.ts';
import { refuse } from '../../core/reason.ts';
import type { Answer } from '../../core/upstream.ts';
import { isRecord, toError, toIdKey, toNotification, toResult, valueAt } from '../stdio/json.ts';
import type { Posted } from '../posted.ts';
import { SESSION_ENDED } from '../stdio/loss.ts';
import { createReply, Reply } from '../stdio/reply.ts';
import { SideStream } from '../stdio/side-stream.ts';
import type { Cancel } from './server-calls.ts';
import type { ToolRequests } from './server-requests.ts';

interface Pending {
  readonly reply: Reply;
  readonly cancel: Cancel;
}

const CHANGED = toNotification('notifications/tools/list_changed', '{}');

/** A session of a legacy client (MCP 2025-11-25): its calls by their ids, and its stream of changes. */
export class ToolSession {
  readonly id: string;
  readonly #requests: ToolRequests;
  readonly #onEnd: () => void;
  readonly #side = new SideStream();
  readonly #pending = new Map<string, Pending>();
  #initialized = false;
  #toldOnce = false;

  constructor(requests: ToolRequests, id: string, onEnd: () => void) {
    this.id = id;
    this.#requests = requests;
    this.#onEnd = onEnd;
  }

  post(request: Posted, answer: Answer): void {
    const { message } = request;
    if (message.kind === 'request') return this.#request(request, answer);
    if (message.cancels !== null) this.#cancel(toIdKey(message.cancels));
    answer.start(202, []);
    return answer.end();
  }

  listen(answer: Answer): void {
    this.#toldOnce = false;
    return this.#side.open(answer);
  }

  /** Without an open stream one notification is kept for it; more would say the same. */
  tellChanged(): void {
    if (this.#toldOnce) return;
    this.#toldOnce = !this.#side.isOpen;
    this.#side.send(CHANGED);
  }

  /** Ends its calls too. */
  end(): void {
    for (const { reply, cancel } of this.#pending.values()) {
      cancel();
      reply.fail(SESSION_ENDED.refusal, SESSION_ENDED.text);
    }
    this.#pending.clear();
    this.#side.close();
    this.#onEnd();
  }

  #request(request: Posted, answer: Answer): void {
    const { message } = request;
    const key = toIdKey(message.id ?? 'null');
    if (this.#pending.has(key)) return answer.fail(refuse('id-in-use'));
    if (message.method === 'initialize') return this.#initialize(message, new Reply(answer, message.id ?? 'null'));
    const reply = createReply(request, answer);
    if (message.method === 'ping') return reply.finish(toResult(reply.id, '{}'));
    // A caller who disconnects has not cancelled (MCP 2025-11-25 transports): the call runs on, its answer is dropped.
    const cancel = this.#requests.answer('legacy', message, reply, () => this.#pending.delete(key));
    if (cancel !== null && !reply.done) this.#pending.set(key, { reply, cancel });
    return undefined;
  }

  #initialize(message: Message, reply: Reply): void {
    const params = valueAt(message.bytes, message.params);
    if (this.#initialized || !isRecord(params)) {
      reply.finish(toError(reply.id, this.#initialized ? -32600 : -32602, 'Not expected here'));
      // Nobody would know the id of a session that was not opened.
      if (!this.#initialized) this.end();
      return;
    }
    this.#initialized = true;
    this.#requests.initialize(reply, params['protocolVersion'], this.id);
  }

  #cancel(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#pending.delete(key);
    pending.cancel();
    // A cancelled request gets no response (MCP 2025-11-25 cancellation), but HTTP needs an end.
    pending.reply.close();
  }
}
