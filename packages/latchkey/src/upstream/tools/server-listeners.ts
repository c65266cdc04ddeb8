import type { Answer } from '../../core/upstream.ts';
import { refuse } from '../../core/reason.ts';
import { isRecord, toNotification, valueAt } from '../stdio/json.ts';
import { toLoss } from '../stdio/loss.ts';
import type { Posted } from '../posted.ts';
import { endSubscription } from '../stdio/modern-call.ts';
import { Reply } from '../stdio/reply.ts';

const MAX_LISTENERS = 1000;

/** `subscriptions/listen` of 2026-07-28: who hears that the tools changed. Nothing else is offered. */
export class ToolListeners {
  /** Each open stream, and whether it asked for changes. */
  readonly #open = new Map<Reply, boolean>();

  listen({ message }: Posted, answer: Answer): void {
    const params = valueAt(message.bytes, message.params);
    const filter = isRecord(params) ? params['notifications'] : undefined;
    if (!isRecord(filter)) return answer.fail(refuse('params-invalid', { detail: 'notifications' }));
    if (this.#open.size >= MAX_LISTENERS) return answer.fail(refuse('limit-streams', { retryAfterSeconds: 5 }));
    const reply = new Reply(answer, message.id ?? 'null');
    const hears = filter['toolsListChanged'] === true;
    this.#open.set(reply, hears);
    reply.onGone = () => void this.#open.delete(reply);
    const agreed = hears ? '{"toolsListChanged":true}' : '{}';
    reply.event(
      toNotification('notifications/subscriptions/acknowledged', `{${metaOf(reply)},"notifications":${agreed}}`),
    );
  }

  tellChanged(): void {
    for (const [reply, hears] of this.#open)
      if (hears) reply.event(toNotification('notifications/tools/list_changed', `{${metaOf(reply)}}`));
  }

  end(): void {
    for (const reply of this.#open.keys()) endSubscription(reply, toLoss({ kind: 'stopped' }));
    this.#open.clear();
  }
}

function metaOf({ id }: Reply): string {
  return `"_meta":{"io.modelcontextprotocol/subscriptionId":${id}}`;
}
