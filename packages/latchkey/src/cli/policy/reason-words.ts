import type { HeldReason } from '../../compose-store.ts';
import type { Judgement } from '../../core/policy.ts';

/** Why a call is refused, by the word that the trail has for it. */
export type DenialReason = Extract<Judgement, { kind: 'deny' }>['reason'] | HeldReason;

const WORDS: Readonly<Record<DenialReason, string>> = {
  'policy-no-rule': 'no rule allows it',
  'policy-denied': 'the rule denies it',
  'policy-hidden': 'the rule hides it',
  'policy-scope': 'a scope is missing',
  'policy-condition': 'the condition is false, or cannot be judged',
  'method-unknown': 'MCP has no such method, and no rule allows it',
  'credential-revoked': 'the credential was revoked',
  'credential-expired': 'the credential has ended',
  'credential-audience': 'the credential is for other servers',
};

/** The same for people. */
export function toWords(reason: DenialReason): string {
  return WORDS[reason];
}
