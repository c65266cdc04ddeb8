import { createHmac } from 'node:crypto';

/** Nonces that proofs must carry (RFC 9449 §9), made of the time and a secret: nothing is kept for a client. */
export interface ProofNonces {
  /** What a proof made now should carry. */
  current(now: number): string;
  /** `stale`: still good, and about to be good no longer. */
  judge(nonce: unknown, now: number): 'fresh' | 'stale' | 'wrong';
}

/** A nonce is given out for `spanMs` and good for as long again. `secret` is the gateway's own and lasting. */
export function createProofNonces(secret: string, spanMs: number): ProofNonces {
  const made = new Map<number, string>();
  const nonceOf = (span: number): string => {
    const known = made.get(span);
    if (known !== undefined) return known;
    if (made.size > 2) made.clear();
    const nonce = createHmac('sha256', secret).update(`dpop-nonce:${spanMs}:${span}`).digest('base64url');
    made.set(span, nonce);
    return nonce;
  };
  return {
    current: (now) => nonceOf(Math.floor(now / spanMs)),
    judge(nonce, now) {
      const span = Math.floor(now / spanMs);
      if (nonce === nonceOf(span)) return 'fresh';
      return nonce === nonceOf(span - 1) ? 'stale' : 'wrong';
    },
  };
}
