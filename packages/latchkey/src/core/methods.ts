import type { Era } from './revision.ts';

/** Which specification method needs what to be judged; methods of no revision are absent. */
export type Subject = 'nothing' | 'tool' | 'prompt' | 'resource' | 'reference' | 'subscriptions';

const MODERN: readonly (readonly [string, Subject])[] = [
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'resource'],
  ['completion/complete', 'reference'],
  ['subscriptions/listen', 'subscriptions'],
  ['server/discover', 'nothing'],
  ['tools/list', 'nothing'],
  ['prompts/list', 'nothing'],
  ['resources/list', 'nothing'],
  ['resources/templates/list', 'nothing'],
  ['notifications/cancelled', 'nothing'],
  ['notifications/progress', 'nothing'],
];

const LEGACY: readonly (readonly [string, Subject])[] = [
  ...MODERN,
  ['resources/subscribe', 'resource'],
  ['resources/unsubscribe', 'resource'],
  ['initialize', 'nothing'],
  ['ping', 'nothing'],
  ['logging/setLevel', 'nothing'],
  ['notifications/initialized', 'nothing'],
  ['notifications/roots/list_changed', 'nothing'],
];

/** Methods a client may send in each era. `tasks/*` of 2025-11-25 are left out on purpose: a task is anyone's who knows its id. */
export const METHODS: Readonly<Record<Era, ReadonlyMap<string, Subject>>> = {
  modern: new Map(MODERN),
  legacy: new Map(LEGACY),
};
