import type { Answer } from '../../core/upstream.ts';
import type { Message } from '../../core/message.ts';
import { refuse } from '../../core/reason.ts';
import { ChangeWatch } from './change-watch.ts';
import { ClientQuestions } from './client-questions.ts';
import type { Launched } from './ears.ts';
import { isRecord, textAt, toError, toIdKey, toResult, valueAt } from './json.ts';
import { toInitialized } from './initialized.ts';
import { MODERN_REVISION } from '../../core/revision.ts';
import type { Greeting } from './launcher.ts';
import { NOT_READING, SESSION_ENDED, type Loss } from './loss.ts';
import { hidesProgressToken, tellProgress, tokenOf, toLine } from './modern-call.ts';
import type { Posted } from '../posted.ts';
import { isEmptyObject, toOffered } from './modern-to-legacy.ts';
import { createReply, Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';
import { MAX_OF_SESSION, type SharedChild } from './shared-child.ts';
import { SideStream } from './side-stream.ts';
import { addMembers, splice, type Edit } from './splice.ts';

const CLOSE = 0x7d;

export interface LegacySessionOptions {
  readonly id: string;
  readonly callTimeoutMs: number;
  /** Whether its owner may have one more call under way. */
  mayCall(): boolean;
  onEnd(): void;
}

/** One request of the client that runs upstream, possibly in several rounds. */
interface Pending {
  readonly message: Message;
  readonly reply: Reply;
  childId: number;
  rounds: number;
}

const MAX_ROUNDS = 8;
const RESERVED = ['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel'].map(
  (name) => `io.modelcontextprotocol/${name}`,
);
// Words of the other revision: a legacy client has them from elsewhere, and the session must not pass them on.
const FOREIGN = new Set(['server/discover', 'subscriptions/listen']);

/** A session that only the gateway knows of: the client is legacy, the shared child modern and without sessions. */
export class LegacySession {
  readonly #shared: SharedChild;
  readonly #options: LegacySessionOptions;
  readonly #side = new SideStream();
  readonly #pending = new Map<string, Pending>();
  readonly #questions: ClientQuestions;
  readonly #watch: ChangeWatch;
  #client: { readonly info: string; readonly capabilities: string } | null = null;
  #over = false;

  constructor(shared: SharedChild, options: LegacySessionOptions) {
    this.#shared = shared;
    this.#options = options;
    this.#questions = new ClientQuestions(options.callTimeoutMs);
    this.#watch = new ChangeWatch(
      shared,
      () => this.#meta(),
      (line) => this.#side.send(line),
    );
  }

  async start(): Promise<Launched<Greeting>> {
    const started = await this.#shared.start();
    if (started.kind === 'lost') this.end();
    return started;
  }

  get underWay(): number {
    return this.#pending.size;
  }

  post(request: Posted, answer: Answer): void {
    const { message } = request;
    if (this.#over) return answer.fail(refuse('session-unknown'));
    if (message.kind === 'request') return this.#request(request, answer);
    if (message.kind === 'response') this.#questions.settle(message);
    else if (message.method === 'notifications/initialized') void this.#watch.renew();
    else if (message.cancels !== null) this.#cancel(toIdKey(message.cancels));
    answer.start(202, []);
    return answer.end();
  }

  listen(answer: Answer): void {
    if (this.#over) answer.fail(refuse('session-unknown'));
    else this.#side.open(answer);
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const { childId, reply } of this.#pending.values()) {
      this.#shared.cancel(childId, 'the session ended');
      reply.fail(SESSION_ENDED.refusal, SESSION_ENDED.text);
    }
    this.#pending.clear();
    this.#questions.close();
    this.#watch.close();
    this.#side.close();
    this.#options.onEnd();
  }

  #request(request: Posted, answer: Answer): void {
    const { message } = request;
    if (this.#pending.has(toIdKey(message.id ?? 'null'))) return answer.fail(refuse('id-in-use'));
    const reply = new Reply(answer, message.id ?? 'null');
    if (message.method === 'initialize') return this.#initialize(message, reply);
    if (this.#client === null) return answer.fail(refuse('session-unknown'));
    if (FOREIGN.has(message.method)) return reply.finish(toError(reply.id, -32601, 'Method not found'));
    if (message.method === 'ping') return reply.finish(toResult(reply.id, '{}'));
    if (message.method === 'resources/subscribe' || message.method === 'resources/unsubscribe')
      return void this.#subscribe(message, reply);
    if (!this.#mayCarry(message)) return answer.fail(refuse('params-invalid', { detail: '_meta' }));
    if (this.underWay >= MAX_OF_SESSION || !this.#options.mayCall()) return answer.fail(NOT_READING.refusal);
    const pending: Pending = { message, reply: createReply(request, answer), childId: 0, rounds: 0 };
    this.#pending.set(toIdKey(reply.id), pending);
    return void this.#call(pending, []);
  }

  #initialize(message: Message, reply: Reply): void {
    const params = valueAt(message.bytes, message.params);
    const greeting = this.#shared.ready;
    if (greeting === null || this.#client !== null || !isRecord(params)) {
      reply.finish(toError(reply.id, -32600, 'Not expected here'));
      // Nobody would know the id of a session that was not opened.
      if (this.#client === null) this.end();
      return;
    }
    const capabilities = isRecord(params['capabilities']) ? params['capabilities'] : {};
    const info = isRecord(params['clientInfo']) ? params['clientInfo'] : { name: 'unknown', version: '0' };
    this.#client = { info: JSON.stringify(info), capabilities: JSON.stringify(capabilities) };
    this.#questions.capabilities = capabilities;
    const result = toInitialized(greeting, params['protocolVersion'], toOffered(greeting));
    reply.finish(toResult(reply.id, result), 200, ['mcp-session-id', this.#options.id]);
  }

  async #subscribe(message: Message, reply: Reply): Promise<void> {
    const agreed = await this.#watch.change(message.uri ?? '', message.method === 'resources/subscribe');
    reply.finish(
      agreed ? toResult(reply.id, '{}') : toError(reply.id, -32602, 'The server does not offer to watch this resource'),
    );
  }

  async #call(pending: Pending, more: readonly Edit[]): Promise<void> {
    const started = await this.#shared.start();
    if (!this.#isPending(pending)) return;
    if (started.kind === 'lost') return this.#fail(pending, started.loss);
    const { message } = pending;
    pending.childId = this.#shared.nextId();
    const token = tokenOf(message);
    this.#shared.open(pending.childId, toLine(message, pending.childId, [...more, ...this.#edits(message)]), {
      onResponse: (line) => void this.#respond(pending, line),
      onNotification: (line) => tellProgress(pending.reply, token, line),
      onLost: (loss) => this.#fail(pending, loss),
    });
  }

  async #respond(pending: Pending, line: ServerLine): Promise<void> {
    const { reply, message } = pending;
    const asks = line.resultType !== null && textAt(line.bytes, line.resultType) === '"input_required"';
    if (!asks) {
      this.#pending.delete(toIdKey(reply.id));
      return reply.finish(splice(line.bytes, line.id === null ? [] : [{ ...line.id, text: reply.id }]));
    }
    pending.rounds += 1;
    const result = valueAt(line.bytes, line.result);
    const answers =
      pending.rounds <= MAX_ROUNDS && isRecord(result)
        ? await this.#questions.ask(result['inputRequests'], reply)
        : null;
    if (!this.#isPending(pending)) return;
    if (answers === null || !isRecord(result) || message.params === null) {
      this.#pending.delete(toIdKey(reply.id));
      return reply.finish(toError(reply.id, -32603, 'The server asked for input that the client did not give.'));
    }
    const members = [`"inputResponses":${JSON.stringify(answers)}`];
    if (typeof result['requestState'] === 'string')
      members.push(`"requestState":${JSON.stringify(result['requestState'])}`);
    // Never the last of the members: `_meta` comes behind them, or stands there already.
    return this.#call(pending, [addMembers(message.params.start, false, members.join(','))]);
  }

  /** False once it was cancelled, or its session ended: its id may be another call's by then. */
  #isPending(pending: Pending): boolean {
    return this.#pending.get(toIdKey(pending.reply.id)) === pending;
  }

  #fail(pending: Pending, loss: Loss): void {
    this.#pending.delete(toIdKey(pending.reply.id));
    pending.reply.fail(loss.refusal, loss.text);
  }

  #cancel(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#pending.delete(key);
    this.#shared.cancel(pending.childId, 'the client cancelled');
    pending.reply.close();
  }

  /** What every modern request carries, taken from what the client said in `initialize`. */
  #meta(): string {
    const { info = '{}', capabilities = '{}' } = this.#client ?? {};
    return `"io.modelcontextprotocol/protocolVersion":"${MODERN_REVISION}","io.modelcontextprotocol/clientInfo":${info},"io.modelcontextprotocol/clientCapabilities":${capabilities}`;
  }

  #edits({ bytes, params, meta }: Message): Edit[] {
    if (meta !== null) return [addMembers(meta.start, isEmptyObject(bytes, meta.start), this.#meta())];
    if (params !== null)
      return [addMembers(params.start, isEmptyObject(bytes, params.start), `"_meta":{${this.#meta()}}`)];
    const end = bytes.lastIndexOf(CLOSE);
    return [{ start: end, end, text: `,"params":{"_meta":{${this.#meta()}}}` }];
  }

  /** Whether the message leaves room for the members that are added; two of one name would be read in two ways. */
  #mayCarry(message: Message): boolean {
    if (hidesProgressToken(message)) return false;
    const params = message.params === null ? {} : valueAt(message.bytes, message.params);
    if (!isRecord(params) || 'inputResponses' in params || 'requestState' in params) return false;
    const meta = params['_meta'];
    return meta === undefined || (isRecord(meta) && !RESERVED.some((name) => name in meta));
  }
}
