import { mayRead } from '../core/authorize.ts';
import { LIST_METHODS } from '../core/filter-list.ts';
import type { Principal } from '../core/principal.ts';
import type { Era } from '../core/revision.ts';
import type { Answer } from '../core/upstream.ts';
import { isVisible } from '../core/visibility.ts';
import type { ProtectedServer } from './exchange.ts';
import { createFilterAnswer } from './filter-answer.ts';
import { createPrivateAnswer } from './private-answer.ts';
import type { GatewayState } from './state.ts';

/** Whose answer it is, and to what. */
interface Shown {
  readonly server: ProtectedServer;
  readonly principal: Principal;
  readonly era: Era;
  readonly at: number;
  /** Of the message; `GET` for a stream that answers none. */
  readonly method: string;
}

/** Whether an answer to that method has nothing that is not for every caller who may ask. */
export function passesWhole(method: string): boolean {
  return !SHOWING.has(method) && !CACHEABLE.has(method);
}

/** An Answer that lets through what this caller may see. */
export function createVisibleAnswer(state: GatewayState, shown: Shown, answer: Answer): Answer {
  const { server, principal, era, at, method } = shown;
  if (!SHOWING.has(method)) return CACHEABLE.has(method) ? createPrivateAnswer(answer) : answer;
  const pins = state.pinsOf(server);
  return createFilterAnswer(
    answer,
    {
      era,
      visible(kind, name, entry) {
        const fits = pins === null || kind !== 'tools' || pins.see(entry, at);
        return isVisible(server.policy, principal, kind, name) && fits;
      },
      hears: (uri) => mayRead(server.policy, principal, uri),
      sealCursor: (kind, cursor) => state.cursors.seal({ server: server.name, principal: principal.id, kind }, cursor),
    },
    state.options.limits.listBytes,
  );
}

const CACHEABLE: ReadonlySet<string> = new Set(['resources/read', 'server/discover']);
// A resumed GET stream can replay the answer to a list request.
const SHOWING: ReadonlySet<string> = new Set([...LIST_METHODS.keys(), 'subscriptions/listen', 'GET']);
