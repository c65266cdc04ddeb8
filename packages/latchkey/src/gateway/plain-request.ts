import { IncomingMessage } from 'node:http';

/**
 * A request whose headers Node does not gather by name: the gateway reads them as they came (`rawHeaders`), and Node itself
 * asks for one of them only. Gathering took 2 % of a call's CPU.
 */
export class PlainRequest extends IncomingMessage {}

// It is a property in the types and an accessor in Node, which no class may override.
Object.defineProperty(PlainRequest.prototype, 'headers', {
  get(this: IncomingMessage) {
    return readExpectation(this.rawHeaders);
  },
});

const NONE = Object.freeze({});

function readExpectation(raw: readonly string[]): { readonly expect?: string } {
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    if (name.length === 'expect'.length && name.toLowerCase() === 'expect') return { expect: raw[at + 1] as string };
  }
  return NONE;
}
