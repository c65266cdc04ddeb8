import { LIST_METHODS } from '../core/filter-list.ts';

const CACHEABLE: ReadonlySet<string> = new Set(['resources/read']);
// A resumed GET stream can replay the answer to a list request.
const SHOWING: ReadonlySet<string> = new Set([
  ...LIST_METHODS.keys(),
  'initialize',
  'server/discover',
  'subscriptions/listen',
  'GET',
]);

/** Whether an answer to that method shows what exists, so that each caller gets its own part. `GET` is a stream that answers none. */
export function isShowing(method: string): boolean {
  return SHOWING.has(method);
}

/** Whether an answer to that method may say that anybody's cache can keep it. */
export function isCacheable(method: string): boolean {
  return CACHEABLE.has(method);
}

/** Whether an answer to that method has nothing that is not for every caller who may ask. */
export function passesWhole(method: string): boolean {
  return !SHOWING.has(method) && !CACHEABLE.has(method);
}
