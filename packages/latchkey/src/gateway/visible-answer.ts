import { mayRead } from '../core/authorize.ts';
import type { Message } from '../core/message.ts';
import type { Principal } from '../core/principal.ts';
import type { Era } from '../core/revision.ts';
import type { Answer } from '../core/upstream.ts';
import { isOffered, isVisible } from '../core/visibility.ts';
import { createFilterAnswer } from '../lock/filter-answer.ts';
import { createPrivateAnswer } from '../lock/private-answer.ts';
import { isCacheable, isShowing } from '../lock/showing.ts';
import type { UnansweredLists } from '../lock/unanswered-lists.ts';
import type { ProtectedServer } from './exchange.ts';
import type { GatewayState } from './state.ts';

/** Whose answer it is, and to what. */
interface Shown {
  readonly server: ProtectedServer;
  readonly principal: Principal;
  readonly era: Era;
  readonly at: number;
  /** The message that is answered; null for a stream that answers none. */
  readonly message: Message | null;
  /** Of its session, where the message is in one and a list may come as its answer. */
  readonly lists?: UnansweredLists | null;
}

/** An Answer that lets through what this caller may see. */
export function createVisibleAnswer(state: GatewayState, shown: Shown, answer: Answer): Answer {
  const { server, principal, era, at, message, lists = null } = shown;
  const method = message?.method ?? 'GET';
  if (lists === null && !isShowing(method)) return isCacheable(method) ? createPrivateAnswer(answer) : answer;
  const pins = state.pinsOf(server);
  return createFilterAnswer(
    answer,
    {
      era,
      id: message?.id ?? null,
      visible(kind, name, entry) {
        const fits = pins === null || kind !== 'tools' || pins.see(entry, at);
        return isVisible(server.policy, principal, kind, name) && fits;
      },
      offers: (needed) => isOffered(server.policy, principal, needed),
      hears: (uri) => mayRead(server.policy, principal, uri),
      sealCursor: (kind, cursor) => state.cursors.seal({ server: server.name, principal: principal.id, kind }, cursor),
      onList: () => lists?.answered(message?.id ?? 'null'),
    },
    state.options.limits.listBytes,
  );
}
