import type { Answer } from '../../core/upstream.ts';
import type { Message } from '../../core/message.ts';
import { refuse } from '../../core/reason.ts';
import { textAt, toResult } from './json.ts';
import { flatten } from './lines.ts';
import { WITHDRAWN, type Loss } from './loss.ts';
import { createReply, type Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';
import type { Call, SharedChild } from './shared-child.ts';
import { splice, type Edit } from './splice.ts';
import type { Posted } from '../posted.ts';
import { toBuffer } from '../to-buffer.ts';

const NEWLINE = 0x0a;

/** Adds the edits that a response needs beyond its id. */
export type Decorate = (line: ServerLine, method: string, edits: Edit[]) => void;

/** The one hot path: a modern caller's bytes go to the shared child with their id and progress token exchanged. */
export function forwardModernCall(shared: SharedChild, request: Posted, answer: Answer, decorate: Decorate): void {
  const { message } = request;
  if (hidesProgressToken(message))
    return answer.fail(refuse('params-invalid', { detail: 'progressToken is neither a string nor a number' }));
  const id = shared.nextId();
  const lasting = message.method === 'subscriptions/listen';
  const reply = createReply(request, answer);
  const call = lasting ? new Subscription(reply) : new ModernCall(reply, message, decorate);
  reply.onGone = () => shared.cancel(id, 'the caller is gone');
  shared.open(id, toLine(message, id), call, lasting);
}

/** The message as one line for the child, under the gateway's own id, which is also its progress token. */
export function toLine(message: Message, id: number, more: readonly Edit[] = []): Buffer {
  const text = String(id);
  const edits: Edit[] = [...more];
  if (message.idRange !== null) edits.push({ ...message.idRange, text });
  if (message.progressToken !== null) edits.push({ ...message.progressToken, text });
  const line = flatten(splice(message.bytes, edits, { before: 0, after: 1 }));
  line[line.length - 1] = NEWLINE;
  return line;
}

/** True for a token that could not be exchanged, so that it might name somebody else's call. */
export function hidesProgressToken(message: Message): boolean {
  if (message.progressToken !== null || message.meta === null) return false;
  const at = toBuffer(message.bytes).indexOf('"progressToken"', message.meta.start);
  return at !== -1 && at < message.meta.end;
}

/** A caller's progress token as that caller spelled it; null where the caller wants to hear of no progress. */
export function tokenOf(message: Message): string | null {
  return message.progressToken === null ? null : textAt(message.bytes, message.progressToken);
}

/** Progress of a call, under its caller's own token. */
export function tellProgress(reply: Reply, token: string | null, line: ServerLine): void {
  if (token !== null && line.progressToken !== null) reply.event(line.bytes, [{ ...line.progressToken, text: token }]);
}

class ModernCall implements Call {
  readonly #reply: Reply;
  readonly #method: string;
  readonly #token: string | null;
  readonly #decorate: Decorate;

  constructor(reply: Reply, message: Message, decorate: Decorate) {
    this.#reply = reply;
    this.#method = message.method;
    this.#token = tokenOf(message);
    this.#decorate = decorate;
  }

  onResponse(line: ServerLine): void {
    const edits: Edit[] = line.id === null ? [] : [{ ...line.id, text: this.#reply.id }];
    this.#decorate(line, this.#method, edits);
    this.#reply.finish(splice(line.bytes, edits), statusOf(line));
  }

  onNotification(line: ServerLine): void {
    tellProgress(this.#reply, this.#token, line);
  }

  onLost(loss: Loss): void {
    this.#reply.fail(loss.refusal, loss.text);
  }
}

/** `subscriptions/listen` on a modern child: everything on its stream names it by the caller's own id. */
class Subscription implements Call {
  readonly #reply: Reply;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  onResponse(line: ServerLine): void {
    const edits: Edit[] = line.id === null ? [] : [{ ...line.id, text: this.#reply.id }];
    if (line.subscriptionId !== null) edits.push({ ...line.subscriptionId, text: this.#reply.id });
    this.#reply.finish(splice(line.bytes, edits), statusOf(line));
  }

  onNotification(line: ServerLine): void {
    if (line.subscriptionId !== null) this.#reply.event(line.bytes, [{ ...line.subscriptionId, text: this.#reply.id }]);
  }

  onLost(loss: Loss): void {
    endSubscription(this.#reply, loss);
  }
}

/**
 * The end of a subscription: graceful when the gateway stops, or the server took it back (MCP 2026-07-28 subscriptions
 * §Graceful Closure).
 */
export function endSubscription(reply: Reply, loss: Loss): void {
  const graceful = loss === WITHDRAWN || loss.refusal.reason === 'shutting-down';
  if (!graceful || !reply.streaming) return reply.fail(loss.refusal, loss.text);
  reply.finish(
    toResult(reply.id, `{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":${reply.id}}}`),
  );
}

/** MCP 2026-07-28 streamable-http: the errors that have a status of their own. */
export function statusOf(line: ServerLine): number {
  if (line.code === null) return 200;
  const code = textAt(line.bytes, line.code);
  if (code === '-32601') return 404;
  return code === '-32020' || code === '-32021' || code === '-32022' ? 400 : 200;
}
