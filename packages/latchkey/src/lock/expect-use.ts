// What makes a handler, used as one: a framework calls it with a request then, and would wait for ever, or go on.

/** Throws a TypeError where `name` was called with more than it takes, as a framework does. */
export function expectMost(given: readonly unknown[], most: number, name: string): void {
  if (given.length > most) throw misused(name, `${name}()`);
}

/** Throws a TypeError where `name` was given no handler. */
export function expectHandler(handler: unknown, name: string, use: string = `${name}(handler)`): void {
  if (typeof handler !== 'function') throw misused(name, use);
}

function misused(name: string, use: string): TypeError {
  return new TypeError(`${name}: makes a handler and is none; write ${use}`);
}
