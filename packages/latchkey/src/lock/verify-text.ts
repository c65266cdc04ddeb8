import type { Principal } from '../core/principal.ts';
import type { Reason } from '../core/reason.ts';
import type { CredentialReason } from '../core/verifier.ts';
import { toCredential } from './identify.ts';
import type { Lock } from './lock.ts';

/** Whether a token or key is good now, and whose it is; or why not. */
export type Verification =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: CredentialReason };

/**
 * Has a token or key verified that came some other way than in a request. Nothing is written down, and no limit holds. Never
 * rejects: `onError` is told why nobody could decide, and the reason is `undecided`.
 */
export async function verifyText<Undecided extends Reason>(
  { parts, closed }: Lock,
  text: string,
  undecided: Undecided,
): Promise<Verification | { readonly ok: false; readonly reason: Undecided }> {
  const credential = typeof text === 'string' ? toCredential(text) : null;
  if (credential === null) return { ok: false, reason: 'credential-malformed' };
  if (closed) return { ok: false, reason: undecided };
  try {
    const verdict = await parts.verifier?.verify(credential, parts.server, parts.now());
    if (verdict?.kind === 'accept') return { ok: true, principal: verdict.principal };
    return { ok: false, reason: verdict?.kind === 'reject' ? verdict.reason : 'credential-unknown' };
  } catch (error) {
    parts.onError(error);
    return { ok: false, reason: undecided };
  }
}
