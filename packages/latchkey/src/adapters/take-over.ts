import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passage } from '../lock/passage.ts';
import { CallerSide, type Own } from './caller-side.ts';
import { ShownResponse } from './shown-response.ts';

/** A response that was taken over. */
export interface Taken {
  readonly caller: CallerSide;
  /** Whether any of the answer was written. */
  started(): boolean;
  /** Undoes it: what is written from now on goes to the caller as it is. */
  giveBack(): void;
}

const METHODS = ['writeHead', 'write', 'end', 'flushHeaders', '_implicitHeader'] as const;
const TAKEN = [...METHODS, 'headersSent'] as const;

/** Has everything that is written to the response go through `show` first. */
export function takeOver(request: IncomingMessage, response: ServerResponse, passage: Passage): Taken {
  const before = TAKEN.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const);
  const caller = new CallerSide(response, passage);
  const handler = new ShownResponse(response, caller, passage.show(caller));
  for (const name of METHODS)
    Object.assign(response, {
      [name]: (...given: unknown[]) =>
        caller.within ? caller.own[name].apply(response, given) : (handler as Own)[name](...given),
    });
  Object.defineProperty(response, 'headersSent', {
    configurable: true,
    get: () => (caller.within ? caller.headersSent : handler.started),
  });
  // What has to be looked at cannot be looked at when it is compressed.
  delete request.headers['accept-encoding'];
  return {
    caller,
    started: () => handler.started,
    giveBack() {
      before.forEach(([name, own]) => restore(response, name, own));
      caller.givenBack = true;
    },
  };
}

function restore(response: ServerResponse, name: (typeof TAKEN)[number], own: PropertyDescriptor | undefined): void {
  if (own === undefined) Reflect.deleteProperty(response, name);
  else Object.defineProperty(response, name, own);
}
