// What makes a handler, used as one: a framework calls it with a request then, and would wait for ever, or go on.

/** Throws a TypeError where `name` was called with more than it takes, as a framework does. */
export function expectMost(given: readonly unknown[], most: number, name: string): void {
  if (given.length > most) throw misused(name, `${name}()`);
}

/** Throws a TypeError where `name` was given no handler. */
export function expectHandler(handler: unknown, name: string, use: string = `${name}(handler)`): void {
  if (typeof handler !== 'function') throw misused(name, use);
}

/** Throws a TypeError for what is no lock. */
export function expectLock(lock: unknown): void {
  if (typeof (lock as { readonly protect?: unknown } | null | undefined)?.protect !== 'function')
    throw new TypeError('latchkey: expected a lock of createLatchkey, not a promise of one');
}

function misused(name: string, use: string): TypeError {
  return new TypeError(`${name}: makes a handler and is none; write ${use}`);
}
