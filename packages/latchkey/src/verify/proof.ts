import { hash } from 'node:crypto';
import type { Principal } from '../core/principal.ts';
import type { Credential, CredentialReason, ProofOfPossession, Verdict, Verifier } from '../core/verifier.ts';
import { decodeExact, readObject, splitCompact } from './proof/compact-jws.ts';
import { readProofClaims } from './proof/proof-claims.ts';
import { readProofKey, type ProofKey } from './proof/proof-key.ts';
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

const BOUND = reject(
  'credential-bound',
  'the token is bound to a key: it is taken as Authorization: DPoP with a proof only',
);
const UNBOUND = reject('credential-bound', 'sent as Authorization: DPoP, but the token is bound to no key');
const NOT_BOUND = reject('credential-bound', 'the token is bound to no key, which auth.dpop.required asks for');
const FOREIGN_KEY = reject('credential-bound', 'the proof is by another key than the one the token is bound to');

/**
 * Asks `inner`, and of whoever holds a token that is bound to a key (`Principal.keyThumbprint`) the proof that it holds
 * the key too (RFC 9449 §7). A proof is accepted once. Answers without a promise where `inner` does.
 */
export function provePossession(inner: Verifier, options: PossessionOptions): Verifier {
  const judgeProof = createProofJudge(options);
  const judge = (verdict: Verdict, credential: Credential, now: number): Verdict => {
    if (verdict.kind !== 'accept') return verdict;
    const { keyThumbprint, issuer } = verdict.principal;
    const byProof = credential.scheme === 'dpop';
    if (keyThumbprint !== null) return byProof ? judgeProof(verdict.principal, credential, now) : BOUND;
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
  const keys = createKnownKeys(10_000);
  const seen = createSeenProofs({ maxAgeMs });
  const nonces = nonceSecret === null ? null : createProofNonces(nonceSecret, maxAgeMs);
  return (principal: Principal, { proof, secret }: Credential, now: number): Verdict => {
    const thumbprint = principal.keyThumbprint ?? '';
    if (proof === null) return invalid('there is no DPoP header');
    const jws = splitCompact(proof.jwt);
    if (jws === null) return invalid('the DPoP header is no JWS in compact form');
    const key = keys.find(thumbprint, jws.header) ?? readKey(jws.header);
    if (typeof key === 'string') return invalid(key);
    if (key.thumbprint !== thumbprint) return FOREIGN_KEY;
    const claims = readClaims(jws.claims, { request: proof, secret, maxAgeMs, now });
    if (typeof claims === 'string') return invalid(claims);
    const signature = decodeExact(jws.signature);
    if (signature === null || !key.verifies(jws.input, signature)) return invalid('the signature is not by its key');
    keys.add(jws.header, key);
    const nonce = nonces?.judge(claims.nonce, now) ?? 'fresh';
    if (nonces !== null && nonce === 'wrong')
      return { kind: 'reject', reason: 'proof-nonce', detail: 'nonce is missing or too old', nonce: nonces.current(now) };
    const before = seen.add({ thumbprint, ...claims }, now);
    if (before !== 'new') return invalid(before === 'seen' ? 'jti was used before' : 'too many proofs of this key');
    return nonces !== null && nonce === 'stale'
      ? { kind: 'accept', principal, nonce: nonces.current(now) }
      : { kind: 'accept', principal };
  };
}

function readKey(header: string): ProofKey | string {
  const read = readObject(header);
  return read === null ? 'the header of the proof is not one unambiguous JSON object' : readProofKey(read);
}

interface Asked {
  readonly request: ProofOfPossession;
  readonly secret: Credential['secret'];
  readonly maxAgeMs: number;
  readonly now: number;
}

function readClaims(part: string, { request, secret, maxAgeMs, now }: Asked): ReturnType<typeof readProofClaims> {
  const read = readObject(part);
  if (read === null) return 'the claims of the proof are not one unambiguous JSON object';
  return readProofClaims(read, { request, tokenHash: hash('sha256', secret.reveal(), 'base64url'), maxAgeMs, now });
}

/** A client sends the same header each time. Only keys of accepted tokens that signed a proof are remembered. */
function createKnownKeys(size: number) {
  const known = new Map<string, { readonly header: string; readonly key: ProofKey }>();
  return {
    find(thumbprint: string, header: string): ProofKey | null {
      const entry = known.get(thumbprint);
      return entry?.header === header ? entry.key : null;
    },
    add(header: string, key: ProofKey): void {
      const before = known.get(key.thumbprint);
      if (before?.key === key) return;
      if (before === undefined && known.size >= size) known.delete(known.keys().next().value as string);
      known.set(key.thumbprint, { header, key });
    },
  };
}

function reject(reason: CredentialReason, detail: string): Verdict {
  return { kind: 'reject', reason, detail };
}

function invalid(detail: string): Verdict {
  return reject('proof-invalid', detail);
}
