import { IncomingMessage } from 'node:http';

/**
 * A request whose headers Node does not gather by name: the gateway reads them as they came (`rawHeaders`), and Node itself
 * asks for one of them only. Gathering took 2 % of a call's CPU.
 */
export class RawMessage extends IncomingMessage {}

// It is a property in the types and an accessor in Node, which no class may override.
Object.defineProperty(RawMessage.prototype, 'headers', {
  get(this: IncomingMessage) {
    const expect = findRawHeader(this, 'expect');
    return expect === null ? NONE : { expect };
  },
});

/** What the gateway takes for a request: nothing of it is to be read from headers that were not gathered. */
export type RawRequest = IncomingMessage & { readonly headers: never };

/** The first value of a header, its name in lower case; null when it is not there. For what decides there is `readHeaders`. */
export function findRawHeader({ rawHeaders: raw }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string | null {
  for (let at = 0; at < raw.length; at += 2) {
    const sent = raw[at] as string;
    if (sent.length === name.length && sent.toLowerCase() === name) return raw[at + 1] as string;
  }
  return null;
}

const NONE = Object.freeze({});
