import type { Principal } from '../core/principal.ts';

const MOST = 10_000;

/**
 * Whose each session of the server is (MCP security best practices, Session Hijacking). A session that is not known here
 * is nobody's: its client has to initialize again. Past 10,000 the one that was used longest ago is forgotten.
 */
export interface SessionOwners {
  open(id: string, principal: Principal): void;
  isOwn(id: string, principal: Principal): boolean;
  end(id: string): void;
  countOf(principal: Principal): number;
}

export function createSessionOwners(): SessionOwners {
  const owners = new Map<string, string>();
  const counts = new Map<string, number>();

  const end = (id: string): void => {
    const owner = owners.get(id);
    if (owner === undefined) return;
    owners.delete(id);
    const left = (counts.get(owner) ?? 1) - 1;
    if (left === 0) counts.delete(owner);
    else counts.set(owner, left);
  };

  return {
    open(id, principal) {
      end(id);
      if (owners.size >= MOST) end(owners.keys().next().value as string);
      const owner = ownerOf(principal);
      owners.set(id, owner);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    },
    isOwn(id, principal) {
      const owner = owners.get(id);
      if (owner === undefined || owner !== ownerOf(principal)) return false;
      // Last in the map is used last.
      owners.delete(id);
      owners.set(id, owner);
      return true;
    },
    end,
    countOf: (principal) => counts.get(ownerOf(principal)) ?? 0,
  };
}

/** Whose a session is: the same for every credential of a principal. */
export function ownerOf(principal: Principal): string {
  return `${principal.id}\0${principal.client ?? ''}`;
}
