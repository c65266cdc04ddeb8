import type { Message } from '../../core/message.ts';
import { refuse } from '../../core/reason.ts';
import type { Answer } from '../../core/upstream.ts';
import type { Launched } from './ears.ts';
import { FewTable } from './few-table.ts';
import { toInitialized } from './initialized.ts';
import { isRecord, toError, toIdKey, toResult, valueAt } from './json.ts';
import type { Greeting } from './launcher.ts';
import { LISTS, type Listener, type Listeners } from './listeners.ts';
import { NOT_READING, SESSION_ENDED, type Loss } from './loss.ts';
import { hidesProgressToken, tellProgress, tokenOf, toLine } from './modern-call.ts';
import type { Posted } from '../posted.ts';
import { toOffered } from './modern-to-legacy.ts';
import { createReply, Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';
import { MAX_OF_SESSION, type Call, type SharedChild } from './shared-child.ts';
import { SideStream } from './side-stream.ts';
import { splice } from './splice.ts';

export interface SharedSessionOptions {
  readonly id: string;
  readonly listeners: Listeners;
  /** Whether its owner may have one more call under way. */
  mayCall(): boolean;
  onEnd(): void;
}

// What would set something for all, or belongs to the other revision.
const UNKNOWN = /^(?:logging\/setLevel|tasks\/.*|server\/discover|subscriptions\/listen)$/;

/**
 * A session of a legacy client at a legacy server whose one child all sessions share: ids and progress tokens are exchanged,
 * and of what the server says on its own account only changes that this session asked for reach it. It ends with the child,
 * so that its client starts anew where the server did.
 */
export class SharedSession implements Listener {
  readonly lists = new Set(LISTS);
  readonly uris = new Set<string>();
  readonly #shared: SharedChild;
  readonly #options: SharedSessionOptions;
  readonly #side = new SideStream();
  readonly #pending = new FewTable<SharedCall>();
  #initialized = false;
  #over = false;

  constructor(shared: SharedChild, options: SharedSessionOptions) {
    this.#shared = shared;
    this.#options = options;
  }

  async start(): Promise<Launched<Greeting>> {
    const started = await this.#shared.start();
    if (started.kind === 'lost') this.end();
    else this.#options.listeners.add(this);
    return started;
  }

  get underWay(): number {
    return this.#pending.size;
  }

  post(request: Posted, answer: Answer): void {
    const { message } = request;
    if (this.#over) return answer.fail(refuse('session-unknown'));
    if (message.kind === 'request') return this.#request(request, answer);
    if (message.cancels !== null) this.#cancel(toIdKey(message.cancels));
    answer.start(202, []);
    return answer.end();
  }

  listen(answer: Answer): void {
    if (this.#over) answer.fail(refuse('session-unknown'));
    else this.#side.open(answer);
  }

  hear({ bytes }: ServerLine): void {
    this.#side.send(bytes);
  }

  end(): void {
    this.lose(SESSION_ENDED);
  }

  lose(loss: Loss): void {
    if (this.#over) return;
    this.#over = true;
    for (const call of this.#pending.toArray()) {
      this.#shared.cancel(call.childId, 'the session ended');
      call.onLost(loss);
    }
    this.#options.listeners.drop(this);
    this.#side.close();
    this.#options.onEnd();
  }

  #request(request: Posted, answer: Answer): void {
    const { message } = request;
    const id = message.id ?? 'null';
    const key = toIdKey(id);
    if (this.#pending.get(key) !== undefined) return answer.fail(refuse('id-in-use'));
    if (message.method === 'initialize') return this.#initialize(message, new Reply(answer, id));
    if (!this.#initialized) return answer.fail(refuse('session-unknown'));
    if (message.method === 'ping') return new Reply(answer, id).finish(toResult(id, '{}'));
    if (UNKNOWN.test(message.method)) return new Reply(answer, id).finish(toError(id, -32601, 'Method not found'));
    if (message.method === 'resources/subscribe' || message.method === 'resources/unsubscribe')
      return void this.#watch(message, new Reply(answer, id));
    return this.#call(key, request, answer);
  }

  #call(key: string, request: Posted, answer: Answer): void {
    const { message } = request;
    if (hidesProgressToken(message))
      return answer.fail(refuse('params-invalid', { detail: 'progressToken is neither a string nor a number' }));
    if (this.underWay >= MAX_OF_SESSION || !this.#options.mayCall()) return answer.fail(NOT_READING.refusal);
    const childId = this.#shared.nextId();
    const reply = createReply(request, answer);
    const call = new SharedCall(childId, reply, tokenOf(message), () => void this.#pending.take(key));
    this.#pending.set(key, call);
    return this.#shared.open(childId, toLine(message, childId), call);
  }

  #initialize(message: Message, reply: Reply): void {
    const params = valueAt(message.bytes, message.params);
    const greeting = this.#shared.ready;
    if (greeting === null || this.#initialized || !isRecord(params)) {
      reply.finish(toError(reply.id, -32600, 'Not expected here'));
      // Nobody would know the id of a session that was not opened.
      if (!this.#initialized) this.end();
      return;
    }
    this.#initialized = true;
    const result = toInitialized(greeting, params['protocolVersion'], toOffered(greeting));
    reply.finish(toResult(reply.id, result), 200, ['mcp-session-id', this.#options.id]);
  }

  async #watch({ method, uri }: Message, reply: Reply): Promise<void> {
    const { listeners } = this.#options;
    if (method === 'resources/unsubscribe') listeners.unwatch(this, uri ?? '');
    else if (!(await listeners.watch(this, uri ?? '')))
      return reply.finish(toError(reply.id, -32602, 'The server does not offer to watch this resource'));
    return reply.finish(toResult(reply.id, '{}'));
  }

  // A cancelled request gets no response (MCP 2025-11-25 cancellation).
  #cancel(key: string): void {
    const call = this.#pending.take(key);
    if (call === undefined) return;
    this.#shared.cancel(call.childId, 'the client cancelled');
    call.reply.close();
  }
}

class SharedCall implements Call {
  readonly childId: number;
  readonly reply: Reply;
  readonly #token: string | null;
  readonly #done: () => void;

  constructor(childId: number, reply: Reply, token: string | null, done: () => void) {
    this.childId = childId;
    this.reply = reply;
    this.#token = token;
    this.#done = done;
  }

  onResponse(line: ServerLine): void {
    this.#done();
    this.reply.finish(splice(line.bytes, line.id === null ? [] : [{ ...line.id, text: this.reply.id }]));
  }

  onNotification(line: ServerLine): void {
    tellProgress(this.reply, this.#token, line);
  }

  onLost(loss: Loss): void {
    this.#done();
    this.reply.fail(loss.refusal, loss.text);
  }
}
