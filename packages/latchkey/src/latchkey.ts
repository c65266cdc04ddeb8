export { createLatchkey, type NodeOptions } from './compose-library.ts';
export {
  jwt,
  staticTokens,
  type IssuerVerifier,
  type JwtOptions,
  type StaticTokensOptions,
} from './compose-verifiers.ts';
export { openStore, type StoreOptions } from './compose-store.ts';
export { LatchkeyError, type ErrorCode } from './core/error.ts';
export type { Principal } from './core/principal.ts';
export { Secret } from './core/secret.ts';
export type {
  Awaitable,
  CredentialKey,
  CredentialRecord,
  CredentialStore,
  NewCredential,
  Pin,
  PinStore,
  RotateOutcome,
  Store,
  Successor,
  TrailCheck,
  TrailFinding,
  TrailQuery,
  TrailStore,
} from './core/store.ts';
export type { Trail, TrailEntry } from './core/trail.ts';
export type { Credential, CredentialReason, ProofOfPossession, Rejection, Verdict, Verifier } from './core/verifier.ts';
export { toAuthInfo, type AuthInfo } from './lock/auth-info.ts';
export type { Latchkey } from './lock/latchkey.ts';
export type {
  LatchkeyOptions,
  LimitOptions,
  LockVerifier,
  MethodRuleOptions,
  PolicyOptions,
  RuleOptions,
  ScopesOf,
  TrailOption,
  VerifierAround,
  VerifierOption,
  When,
} from './lock/options.ts';
export type { Admission, Guard, Passage, Refused } from './lock/passage.ts';
// What those types are made of, for whoever writes a verifier, a store, a trail or an adapter.
export type { Message, Range } from './core/message.ts';
export type { Condition } from './core/policy.ts';
export type { Reason, Refusal } from './core/reason.ts';
export type { Answer } from './core/upstream.ts';
export type { WireAnswer } from './core/wire.ts';
export type { Incoming } from './lock/incoming.ts';
