import { hash } from 'node:crypto';
import { reject, type Credential, type Verdict, type Verifier } from '../core/verifier.ts';
import { parseToken } from './jwt/parse-token.ts';
import { readProofClaims } from './proof/proof-claims.ts';
import { createProofKeys } from './proof/proof-keys.ts';
import { createProofNonces } from './proof/proof-nonces.ts';
import { createSeenProofs } from './proof/seen-proofs.ts';

export interface PossessionOptions {
  /** Whether tokens of foreign issuers must be bound to a key. */
  readonly required: boolean;
  /** How far the time of a proof may be from ours, milliseconds. */
  readonly maxAgeMs: number;
  /** A lasting secret of the gateway: then proofs must carry a nonce. Null: they need none. */
  readonly nonceSecret: string | null;
}

type Accepted = Extract<Verdict, { kind: 'accept' }>;

const BOUND = reject('credential-bound', 'it is bound to a key: it is taken as Authorization: DPoP with a proof only');
const UNBOUND = reject('credential-bound', 'it came as Authorization: DPoP, but is bound to no key');
const NOT_BOUND = reject('credential-bound', 'it is bound to no key; see auth.dpop.required');
const FOREIGN_KEY = reject('credential-bound', 'it is bound to another key than the one of the proof');
const LONGEST = 8192;

/**
 * Asks `inner`, and of whoever holds a token that is bound to a key (`Principal.keyThumbprint`) the proof that it holds
 * the key too (RFC 9449 §7). A proof is accepted for one request, by each guard that it passes. Answers without a promise
 * where `inner` does.
 */
export function provePossession(inner: Verifier, options: PossessionOptions): Verifier {
  const judgeProof = createProofJudge(options);
  const judge = (verdict: Verdict, credential: Credential, now: number): Verdict => {
    if (verdict.kind !== 'accept') return verdict;
    const { keyThumbprint, issuer } = verdict.principal;
    const byProof = credential.scheme === 'dpop';
    if (keyThumbprint !== null) return byProof ? judgeProof(verdict, keyThumbprint, credential, now) : BOUND;
    if (byProof) return UNBOUND;
    return options.required && issuer !== null ? NOT_BOUND : verdict;
  };
  return {
    name: 'possession',
    verify(credential, server, now) {
      const verdict = inner.verify(credential, server, now);
      return verdict instanceof Promise
        ? verdict.then((settled) => judge(settled, credential, now))
        : judge(verdict, credential, now);
    },
  };
}

// The cheap checks come before the signature, and nothing is remembered before it.
function createProofJudge({ maxAgeMs, nonceSecret }: PossessionOptions) {
  const keys = createProofKeys();
  const seen = createSeenProofs({ maxAgeMs });
  const nonces = nonceSecret === null ? null : createProofNonces(nonceSecret, maxAgeMs);
  const accepted = new WeakMap<object, string>();
  return (verdict: Accepted, thumbprint: string, { proof, secret }: Credential, now: number): Verdict => {
    if (proof === null) return invalid('there is no DPoP header');
    const token = proof.jwt.length > LONGEST ? 'it is too long' : parseToken(proof.jwt);
    if (typeof token === 'string') return invalid(`the proof is no JWT: ${token}`);
    const key = keys.find(thumbprint, proof.jwt, token.header);
    if (typeof key === 'string') return invalid(key);
    if (key.thumbprint !== thumbprint) return FOREIGN_KEY;
    const tokenHash = hash('sha256', secret.reveal(), 'base64url');
    const claims = readProofClaims(token.claims, { request: proof, tokenHash, maxAgeMs, now });
    if (typeof claims === 'string') return invalid(claims);
    if (!key.verifies(token.input, token.signature)) return invalid('the signature of the proof is not by its key');
    keys.add(proof.jwt, key);
    // Whoever let the request pass before tells it what the next proof should carry, too.
    if (proof.request !== undefined && accepted.get(proof.request) === proof.jwt) return verdict;
    const nonce = nonces?.judge(claims.nonce, now) ?? 'fresh';
    if (nonces !== null && nonce === 'wrong')
      return { kind: 'reject', reason: 'proof-nonce', detail: 'nonce is missing or old', nonce: nonces.current(now) };
    const before = seen.add({ thumbprint, jti: claims.jti, issuedAt: claims.issuedAt }, now);
    if (before !== 'new') return invalid(BEFORE[before]);
    if (proof.request !== undefined) accepted.set(proof.request, proof.jwt);
    return nonces !== null && nonce === 'stale' ? { ...verdict, nonce: nonces.current(now) } : verdict;
  };
}

const BEFORE = {
  seen: 'jti of the proof was used before',
  full: 'too many proofs in too short a time; see docs/dpop.md',
};

function invalid(detail: string): Verdict {
  return reject('proof-invalid', detail);
}
