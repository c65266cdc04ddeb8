const MAX_KNOWN = 10_000;

/** The address each principal was last let in from, for the newest `MAX_KNOWN` principals. */
export interface KnownCallers {
  has(address: string, principal: string): boolean;
  add(address: string, principal: string): void;
}

export function createKnownCallers(): KnownCallers {
  const known = new Map<string, string>();
  return {
    has: (address, principal) => known.get(principal) === address,
    add(address, principal) {
      const before = known.get(principal);
      if (before === address) return;
      if (before === undefined && known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
      known.set(principal, address);
    },
  };
}
