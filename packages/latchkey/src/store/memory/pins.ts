import type { Pin, PinStore } from '../../core/store.ts';

/** `PinStore` on a map. */
export function createPinStore(): PinStore {
  const servers = new Map<string, Map<string, Pin>>();
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
    accept({ server, tool, found }, now) {
      const pin = pinsOf(server).get(tool);
      if (pin === undefined || found === null || pin.found !== found) return false;
      pinsOf(server).set(tool, { ...pin, digest: found, found: null, at: now });
      return true;
    },
  };
}
