import type { Answer } from '../../core/upstream.ts';
import { refuse } from '../../core/reason.ts';
import { isRecord, toNotification, valueAt } from './json.ts';
import type { Greeting } from './launcher.ts';
import type { Loss } from './loss.ts';
import { endSubscription, type Posted } from './modern-call.ts';
import { Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';
import type { SharedChild } from './shared-child.ts';

const LISTS = ['tools', 'prompts', 'resources'] as const;
type List = (typeof LISTS)[number];
const MAX_LISTENERS = 1000;
const MAX_URIS = 256;

interface Listener {
  readonly reply: Reply;
  readonly lists: ReadonlySet<List>;
  readonly uris: ReadonlySet<string>;
}

/** `subscriptions/listen` for callers of a shared legacy child, which knows nothing of it. */
export class Listeners {
  readonly #shared: () => SharedChild;
  readonly #open = new Set<Listener>();
  // Resource URI → how many listeners asked for it; the child is asked once.
  readonly #uses = new Map<string, number>();

  constructor(shared: () => SharedChild) {
    this.#shared = shared;
  }

  async listen(request: Posted, answer: Answer, greeting: Greeting): Promise<void> {
    const { message } = request;
    const params = valueAt(message.bytes, message.params);
    const filter = isRecord(params) ? params['notifications'] : undefined;
    if (!isRecord(filter) || message.resourceSubscriptions.length > MAX_URIS)
      return answer.fail(refuse('params-invalid', { detail: 'notifications' }));
    if (this.#open.size >= MAX_LISTENERS) return answer.fail(refuse('limit-streams', { retryAfterSeconds: 5 }));
    const lists = new Set(
      LISTS.filter((list) => filter[`${list}ListChanged`] === true && offers(greeting, list, 'listChanged')),
    );
    const uris = new Set<string>();
    const reply = new Reply(answer, message.id ?? 'null');
    const listener: Listener = { reply, lists, uris };
    this.#open.add(listener);
    reply.onGone = () => this.#drop(listener);
    if (offers(greeting, 'resources', 'subscribe')) {
      for (const uri of new Set(message.resourceSubscriptions))
        if (!reply.done && (await this.#subscribe(uri))) uris.add(uri);
    }
    if (reply.done) return this.#drop(listener);
    reply.event(toAcknowledgement(listener));
  }

  /** Hands a change on to those who asked for it. Nothing else of a shared server's own talk reaches anybody. */
  notify(line: ServerLine): void {
    const list = LISTS.find((name) => line.method === `notifications/${name}/list_changed`);
    const uri = line.method === 'notifications/resources/updated' ? valueAt(line.bytes, line.uri) : undefined;
    for (const { reply, lists, uris } of this.#open) {
      if (!reply.streaming) continue;
      if (list !== undefined && lists.has(list)) reply.event(toNotification(line.method, `{${metaOf(reply)}}`));
      if (typeof uri === 'string' && covers(uris, uri))
        reply.event(toNotification(line.method, `{${metaOf(reply)},"uri":${JSON.stringify(uri)}}`));
    }
  }

  /** The child is gone, and with it what it was asked to watch: callers listen again. */
  end(loss: Loss): void {
    for (const { reply } of this.#open) endSubscription(reply, loss);
    this.#open.clear();
    this.#uses.clear();
  }

  #drop(listener: Listener): void {
    if (!this.#open.delete(listener)) return;
    for (const uri of listener.uris) {
      const uses = (this.#uses.get(uri) ?? 1) - 1;
      if (uses > 0) this.#uses.set(uri, uses);
      else if (this.#uses.delete(uri)) void this.#shared().request('resources/unsubscribe', JSON.stringify({ uri }));
    }
  }

  async #subscribe(uri: string): Promise<boolean> {
    const uses = this.#uses.get(uri) ?? 0;
    this.#uses.set(uri, uses + 1);
    if (uses > 0) return true;
    const heard = await this.#shared().request('resources/subscribe', JSON.stringify({ uri }));
    if (heard.kind === 'ok' && heard.value.result !== null) return true;
    this.#uses.delete(uri);
    return false;
  }
}

function offers(greeting: Greeting, part: List, what: string): boolean {
  const capability = greeting.capabilities[part];
  return isRecord(capability) && capability[what] === true;
}

/** A server may report a part of the resource that was subscribed to (MCP 2025-11-25 `resources/updated`). */
function covers(uris: ReadonlySet<string>, changed: string): boolean {
  if (uris.has(changed)) return true;
  for (const uri of uris) if (changed.startsWith(uri.endsWith('/') ? uri : `${uri}/`)) return true;
  return false;
}

function metaOf(reply: Reply): string {
  return `"_meta":{"io.modelcontextprotocol/subscriptionId":${reply.id}}`;
}

function toAcknowledgement({ reply, lists, uris }: Listener): Buffer {
  const agreed: Record<string, unknown> = Object.fromEntries([...lists].map((list) => [`${list}ListChanged`, true]));
  if (uris.size > 0) agreed['resourceSubscriptions'] = [...uris];
  return toNotification(
    'notifications/subscriptions/acknowledged',
    `{${metaOf(reply)},"notifications":${JSON.stringify(agreed)}}`,
  );
}
