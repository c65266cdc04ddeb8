import type { Principal } from '../core/principal.ts';
import { reject, type CredentialReason, type Verdict } from '../core/verifier.ts';
import { toCredential } from './identify.ts';
import type { Lock } from './lock.ts';

/** Whether a token or key is good now, and whose it is; or why not. */
export type Verification =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: CredentialReason };

/** Has a token or key verified that came some other way than in a request. Nothing is written down, and no limit holds. */
export async function verifyText(lock: Lock, text: string): Promise<Verification> {
  const verdict = await judgeText(lock, text);
  if (verdict.kind === 'accept') return { ok: true, principal: verdict.principal };
  return { ok: false, reason: verdict.kind === 'skip' ? 'credential-unknown' : verdict.reason };
}

export async function judgeText({ parts }: Lock, text: string): Promise<Verdict> {
  const credential = typeof text === 'string' ? toCredential(text) : null;
  if (credential === null) return reject('credential-malformed', 'it has characters that no token or key has');
  return parts.verifier?.verify(credential, parts.server, parts.now()) ?? { kind: 'skip' };
}
