import { isRecord, toNotification, toRequest, valueAt } from './json.ts';
import type { ServerLine } from './server-line.ts';
import type { SharedChild } from './shared-child.ts';

const LISTS = ['tools', 'prompts', 'resources'] as const;
const RETRY_MS = 1000;
const ACKNOWLEDGE_MS = 10_000;
const MAX_URIS = 256;

/** One `subscriptions/listen` upstream for a legacy session: list changes, and the resources it subscribed to. */
export class ChangeWatch {
  readonly #shared: SharedChild;
  readonly #meta: () => string;
  readonly #deliver: (line: Buffer) => void;
  readonly #uris = new Set<string>();
  /** What the server was asked to tell, and what to do when that is given up. */
  readonly #open = new Map<number, () => void>();
  #id = 0;
  #listening: Promise<ReadonlySet<string>> = Promise.resolve(new Set<string>());
  #next: Promise<ReadonlySet<string>> | null = null;
  #closed = false;

  constructor(shared: SharedChild, meta: () => string, deliver: (line: Buffer) => void) {
    this.#shared = shared;
    this.#meta = meta;
    this.#deliver = deliver;
  }

  /** Adds or drops a resource; false when the server does not agree. */
  async change(uri: string, wanted: boolean): Promise<boolean> {
    if (wanted && this.#uris.size >= MAX_URIS) return false;
    if (wanted) this.#uris.add(uri);
    else this.#uris.delete(uri);
    const agreed = await this.renew();
    if (!wanted || agreed.has(uri)) return true;
    this.#uris.delete(uri);
    return false;
  }

  /**
   * Listens anew, for what is wanted then; gives the resources that the server agreed to. While the server takes its time
   * about one question, all who want another share the next.
   */
  renew(): Promise<ReadonlySet<string>> {
    const listen = (): Promise<ReadonlySet<string>> => {
      this.#next = null;
      return (this.#listening = this.#listenAnew());
    };
    this.#next ??= this.#listening.then(listen, listen);
    return this.#next;
  }

  async #listenAnew(): Promise<ReadonlySet<string>> {
    const started = await this.#shared.start();
    if (started.kind === 'lost' || this.#closed) return new Set();
    const { capabilities } = started.value;
    const lists = LISTS.filter((list) => isRecord(capabilities[list]) && capabilities[list]['listChanged'] === true);
    const filter: Record<string, unknown> = Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true]));
    if (this.#uris.size > 0) filter['resourceSubscriptions'] = [...this.#uris];
    const before = this.#id;
    this.#id = Object.keys(filter).length === 0 ? 0 : this.#shared.nextId();
    const agreed = this.#id === 0 ? new Set<string>() : await this.#listen(this.#id, filter);
    // The old one ends only now, so that no change falls between the two.
    this.#giveUp(before, 'replaced');
    return agreed;
  }

  close(): void {
    this.#closed = true;
    for (const id of this.#open.keys()) this.#giveUp(id, 'the session ended');
  }

  #giveUp(id: number, why: string): void {
    this.#open.get(id)?.();
    if (this.#open.delete(id)) this.#shared.cancel(id, why);
  }

  #listen(id: number, filter: Record<string, unknown>): Promise<ReadonlySet<string>> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(new Set()), ACKNOWLEDGE_MS);
      const settle = (agreed: ReadonlySet<string>): void => {
        clearTimeout(timer);
        resolve(agreed);
      };
      this.#open.set(id, () => settle(new Set()));
      const lost = (): void => {
        this.#open.delete(id);
        settle(new Set());
        if (this.#id === id && !this.#closed) setTimeout(() => void this.#again(id), RETRY_MS).unref();
      };
      const params = `{"_meta":{${this.#meta()}},"notifications":${JSON.stringify(filter)}}`;
      this.#shared.open(
        id,
        toRequest(id, 'subscriptions/listen', params),
        {
          onResponse: lost,
          onLost: lost,
          onNotification: (line) => {
            if (line.method === 'notifications/subscriptions/acknowledged') settle(readAgreed(line));
            else this.#change(line);
          },
        },
        true,
      );
    });
  }

  async #again(id: number): Promise<void> {
    if (this.#id !== id || this.#closed) return;
    const started = await this.#shared.start();
    if (started.kind === 'ok') await this.renew();
    else setTimeout(() => void this.#again(id), RETRY_MS).unref();
  }

  #change(line: ServerLine): void {
    const uri = valueAt(line.bytes, line.uri);
    this.#deliver(toNotification(line.method, typeof uri === 'string' ? JSON.stringify({ uri }) : '{}'));
  }
}

function readAgreed(line: ServerLine): ReadonlySet<string> {
  const params = valueAt(line.bytes, line.params);
  const filter = isRecord(params) && isRecord(params['notifications']) ? params['notifications'] : {};
  const uris = filter['resourceSubscriptions'];
  return new Set(Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : []);
}
