import { toPinChange } from '../../core/pin-change.ts';
import type { Pin, PinStore } from '../../core/store.ts';
import type { UnsignedChange } from '../../core/trail.ts';

/** By server, then by tool. */
export type Pins = Map<string, Map<string, Pin>>;

/** `PinStore` on a map. `record` writes an acceptance down before it is done; where it throws it is not. */
export function createPinStore(servers: Pins, record: (change: UnsignedChange) => void = () => {}): PinStore {
  const pinsOf = (server: string): Map<string, Pin> => servers.get(server) ?? new Map();
  return {
    list: (server) =>
      (server === null ? [...servers.keys()].sort() : [server]).flatMap((each) =>
        [...pinsOf(each).values()].sort((a, b) => (a.tool < b.tool ? -1 : 1)),
      ),
    see(server, digests, now) {
      const pins = pinsOf(server);
      servers.set(server, pins);
      for (const [tool, digest] of digests) {
        const pin = pins.get(tool) ?? { server, tool, digest, found: null, at: now };
        pins.set(tool, { ...pin, found: digest === pin.digest ? null : digest });
      }
    },
    accept(given, now) {
      const { server, tool, digest, found } = given;
      const pin = pinsOf(server).get(tool);
      if (pin === undefined || found === null || pin.found !== found || pin.digest !== digest) return false;
      record(toPinChange(given, now));
      pinsOf(server).set(tool, { ...pin, digest: found, found: null, at: now });
      return true;
    },
  };
}
