import type { Answer } from '../../core/upstream.ts';
import { ownerOf } from '../../core/principal.ts';
import { refuse } from '../../core/reason.ts';
import { isRecord, toNotification, valueAt } from './json.ts';
import type { Greeting } from './launcher.ts';
import type { Loss } from './loss.ts';
import { endSubscription } from './modern-call.ts';
import type { Posted } from '../posted.ts';
import { Reply } from './reply.ts';
import type { ServerLine } from './server-line.ts';
import type { SharedChild } from './shared-child.ts';

export const LISTS = ['tools', 'prompts', 'resources'] as const;
type List = (typeof LISTS)[number];
const MAX_LISTENERS = 1000;
const MAX_URIS = 256;

/** Somebody who wants to hear of changes. */
export interface Listener {
  readonly lists: ReadonlySet<List>;
  /** Resources that this one watches; kept by `Listeners`. */
  readonly uris: Set<string>;
  /** Whose it is, where that one may have processes of its own. */
  readonly owner?: string;
  /** A change of a list (`uri` null) or of a resource, which the server tells in that line. */
  hear(line: ServerLine, uri: string | null): void;
  /** The child is gone, and with it what it was asked to watch. */
  lose(loss: Loss): void;
}

/** A resource that the child was asked to watch, once for all. */
interface Watched {
  uses: number;
  readonly agreed: Promise<boolean>;
}

/** Who hears of changes at a shared legacy child. Nothing else of its own talk reaches anybody. */
export class Listeners {
  readonly #shared: () => SharedChild;
  readonly #open = new Set<Listener>();
  readonly #watched = new Map<string, Watched>();

  constructor(shared: () => SharedChild) {
    this.#shared = shared;
  }

  add(listener: Listener): void {
    this.#open.add(listener);
  }

  /** Nothing more reaches it, and what only it watched is watched no more. */
  drop(listener: Listener): void {
    if (this.#open.delete(listener)) for (const uri of listener.uris) this.unwatch(listener, uri);
  }

  /** False when the server does not agree, when it has gone, or when the listener has. */
  async watch(listener: Listener, uri: string): Promise<boolean> {
    if (listener.uris.has(uri)) return this.#watched.get(uri)?.agreed ?? false;
    if (listener.uris.size >= MAX_URIS) return false;
    listener.uris.add(uri);
    const agreed = await this.#use(uri);
    if (agreed && this.#open.has(listener)) return true;
    this.unwatch(listener, uri);
    return false;
  }

  unwatch(listener: Listener, uri: string): void {
    if (listener.uris.delete(uri)) this.#release(uri);
  }

  /** `subscriptions/listen` of a caller of 2026-07-28, of which the child knows nothing. */
  async listen(request: Posted, answer: Answer, greeting: Greeting): Promise<void> {
    const { message } = request;
    const params = valueAt(message.bytes, message.params);
    const filter = isRecord(params) ? params['notifications'] : undefined;
    if (!isRecord(filter) || message.resourceSubscriptions.length > MAX_URIS)
      return answer.fail(refuse('params-invalid', { detail: 'notifications' }));
    if (this.#open.size >= MAX_LISTENERS) return answer.fail(refuse('limit-streams', { retryAfterSeconds: 5 }));
    const reply = new Reply(answer, message.id ?? 'null');
    const listener = createModernListener(
      reply,
      ownerOf(request.principal),
      LISTS.filter((list) => filter[`${list}ListChanged`] === true && offers(greeting, list, 'listChanged')),
    );
    this.add(listener);
    reply.onGone = () => this.drop(listener);
    if (offers(greeting, 'resources', 'subscribe'))
      for (const uri of new Set(message.resourceSubscriptions)) if (!reply.done) await this.watch(listener, uri);
    if (!reply.done) reply.event(toAcknowledgement(reply, listener));
  }

  /** Resources that somebody watches. */
  *urisOf(owner: string): Iterable<string> {
    for (const listener of this.#open) if (listener.owner === owner) yield* listener.uris;
  }

  /** Hands a change on to those who asked for it; where it is of a process of one owner, to that one's. */
  notify(line: ServerLine, owner: string | null = null): void {
    const list = LISTS.find((name) => line.method === `notifications/${name}/list_changed`);
    const uri = line.method === 'notifications/resources/updated' ? valueAt(line.bytes, line.uri) : undefined;
    for (const listener of this.#open) {
      if (owner !== null && listener.owner !== owner) continue;
      if (list !== undefined && listener.lists.has(list)) listener.hear(line, null);
      if (typeof uri === 'string' && covers(listener.uris, uri)) listener.hear(line, uri);
    }
  }

  /** The child is gone. */
  end(loss: Loss): void {
    const lost = [...this.#open];
    this.#open.clear();
    this.#watched.clear();
    for (const listener of lost) {
      listener.uris.clear();
      listener.lose(loss);
    }
  }

  #use(uri: string): Promise<boolean> {
    const watched = this.#watched.get(uri);
    if (watched !== undefined) {
      watched.uses += 1;
      return watched.agreed;
    }
    const heard = this.#shared().request('resources/subscribe', JSON.stringify({ uri }));
    const agreed = heard.then((answer) => answer.kind === 'ok' && answer.value.result !== null);
    this.#watched.set(uri, { uses: 1, agreed });
    return agreed;
  }

  #release(uri: string): void {
    const watched = this.#watched.get(uri);
    if (watched === undefined) return;
    watched.uses -= 1;
    void watched.agreed.then((agreed) => {
      // While the server takes its time, somebody may want it again, who then needs no request of their own.
      if (watched.uses > 0 || this.#watched.get(uri) !== watched) return;
      this.#watched.delete(uri);
      if (agreed) void this.#shared().request('resources/unsubscribe', JSON.stringify({ uri }));
    });
  }
}

function createModernListener(reply: Reply, owner: string, lists: readonly List[]): Listener {
  return {
    owner,
    lists: new Set(lists),
    uris: new Set(),
    hear({ method }, uri) {
      if (!reply.streaming) return;
      const more = uri === null ? '' : `,"uri":${JSON.stringify(uri)}`;
      reply.event(toNotification(method, `{${metaOf(reply)}${more}}`));
    },
    lose: (loss) => endSubscription(reply, loss),
  };
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

function toAcknowledgement(reply: Reply, { lists, uris }: Listener): Buffer {
  const agreed: Record<string, unknown> = Object.fromEntries([...lists].map((list) => [`${list}ListChanged`, true]));
  if (uris.size > 0) agreed['resourceSubscriptions'] = [...uris];
  return toNotification(
    'notifications/subscriptions/acknowledged',
    `{${metaOf(reply)},"notifications":${JSON.stringify(agreed)}}`,
  );
}
