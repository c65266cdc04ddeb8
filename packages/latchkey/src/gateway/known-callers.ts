const MAX_KNOWN = 10_000;

/** Which principals were let in from which address lately: the newest `MAX_KNOWN` pairs. */
export interface KnownCallers {
  has(address: string, principal: string): boolean;
  add(address: string, principal: string): void;
}

export function createKnownCallers(): KnownCallers {
  const known = new Set<string>();
  let last = '';
  return {
    has: (address, principal) => known.has(`${address} ${principal}`),
    add(address, principal) {
      const pair = `${address} ${principal}`;
      if (pair === last) return;
      last = pair;
      if (known.size >= MAX_KNOWN && !known.has(pair)) known.delete(known.values().next().value as string);
      known.add(pair);
    },
  };
}
