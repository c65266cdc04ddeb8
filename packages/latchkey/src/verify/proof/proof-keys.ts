import { readProofKey, type ProofKey } from './proof-key.ts';

/** Keys of proofs, so that a client's second proof need not bring its key in again. */
export interface ProofKeys {
  /** The key that the header of this proof brings, or what is wrong with it. `thumbprint` is the one that is expected. */
  find(thumbprint: string, jwt: string, header: Readonly<Record<string, unknown>>): ProofKey | string;
  /** To be called only with the key of an accepted token that signed this proof. */
  add(jwt: string, key: ProofKey): void;
}

/** Remembers the newest `size` keys (default 10,000), each with the text of the header that it came in. */
export function createProofKeys(size = 10_000): ProofKeys {
  const known = new Map<string, { readonly header: string; readonly key: ProofKey }>();
  return {
    find(thumbprint, jwt, header) {
      const entry = known.get(thumbprint);
      return entry !== undefined && jwt.startsWith(entry.header) ? entry.key : readProofKey(header);
    },
    add(jwt, key) {
      const before = known.get(key.thumbprint);
      if (before?.key === key) return;
      if (before === undefined && known.size >= size) known.delete(known.keys().next().value as string);
      // Its own copy: a piece of a text keeps the whole text.
      const header = Buffer.from(jwt.slice(0, jwt.indexOf('.') + 1), 'latin1').toString('latin1');
      known.set(key.thumbprint, { header, key });
    },
  };
}
