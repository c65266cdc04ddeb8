import { hash } from 'node:crypto';

export interface SeenProofsOptions {
  /** How far the time of a proof may be from ours, milliseconds. */
  readonly maxAgeMs: number;
  /** Proofs remembered for each half of `maxAgeMs`; twice as many where keys have less than an even share. */
  readonly capacity?: number;
}

/** Remembers the `jti` of accepted proofs (RFC 9449 §11.1) for as long as one of them could be shown again. */
export interface SeenProofs {
  /** Notes a proof of that key. `full`: it cannot be remembered, so it must not be accepted. Times in epoch milliseconds. */
  add(proof: { readonly thumbprint: string; readonly jti: string; readonly issuedAt: number }, now: number): SeenResult;
}

export type SeenResult = 'new' | 'seen' | 'full';

/** Proofs of one span of time, by key. */
interface Generation {
  readonly byKey: Map<string, Set<string>>;
  size: number;
}

const LONGEST_KEPT = 43;

/**
 * In memory of this process, by key: no client can push out what another one's proofs left. When a span is full, only
 * keys with less than an even share of it are let in, so that who fills it locks out nobody but itself.
 */
export function createSeenProofs({ maxAgeMs, capacity = 200_000 }: SeenProofsOptions): SeenProofs {
  // Entries go by the generation and never one by one; see decisions/020.
  const generations = new Map<number, Generation>();
  const spanMs = maxAgeMs / 2;
  let sweptAt = Number.NaN;

  // A proof of generation n is good until n + 3; one more is for clocks that are set back.
  const sweep = (present: number): void => {
    for (const number of generations.keys()) if (number + 4 <= present) generations.delete(number);
    sweptAt = present;
  };

  const open = (number: number): Generation => {
    const found = generations.get(number);
    if (found !== undefined) return found;
    const made = { byKey: new Map<string, Set<string>>(), size: 0 };
    generations.set(number, made);
    return made;
  };

  return {
    add({ thumbprint, jti, issuedAt }, now) {
      const present = Math.floor(now / spanMs);
      if (present !== sweptAt) sweep(present);
      const kept = jti.length <= LONGEST_KEPT ? jti : hash('sha256', jti, 'base64url');
      for (const { byKey } of generations.values()) if (byKey.get(thumbprint)?.has(kept) === true) return 'seen';
      const generation = open(Math.floor(issuedAt / spanMs));
      const ofKey = generation.byKey.get(thumbprint) ?? new Set();
      if (!hasRoom(generation, ofKey.size, capacity)) return 'full';
      ofKey.add(kept);
      generation.byKey.set(thumbprint, ofKey);
      generation.size += 1;
      return 'new';
    },
  };
}

function hasRoom({ size, byKey }: Generation, own: number, capacity: number): boolean {
  return size < capacity || (size < capacity * 2 && own < capacity / (byKey.size + 1));
}
