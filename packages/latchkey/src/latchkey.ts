export { createLatchkey, type StoredLatchkey } from './compose-library.ts';
export type { NodeOptions } from './compose-library-options.ts';
export { openStore, type StoreOptions } from './compose-store.ts';
export type { GrantOptions, KeyOptions, Keys, NewKey, NewToken, RotatedToken, Tokens } from './compose-tokens.ts';
export {
  introspection,
  jwt,
  staticTokens,
  type IntrospectionOptions,
  type IssuerVerifier,
  type JwtOptions,
  type StaticTokensOptions,
} from './compose-verifiers.ts';
export { cel } from './config/cel.ts';
export { LatchkeyError, type ErrorCode } from './core/error.ts';
export type { Condition } from './core/policy.ts';
export type { Principal } from './core/principal.ts';
export type { Reason } from './core/reason.ts';
export { Secret } from './core/secret.ts';
export type { Store } from './core/store.ts';
export type { Trail, TrailEntry } from './core/trail.ts';
export type { Credential, CredentialReason, Verdict, Verifier } from './core/verifier.ts';
export type { CredentialDocument, Status as CredentialStatus } from './credentials/describe.ts';
export { toAuthInfo, type AuthInfo, type KnownAuthInfo } from './lock/auth-info.ts';
export type { Incoming } from './lock/incoming.ts';
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
export type { InvalidTokenErrorClass } from './lock/sdk-error.ts';
export type { TokenVerifier, TokenVerifierOptions } from './lock/token-verifier.ts';
export type { Verification } from './lock/verify-text.ts';
// What those types are made of, for whoever writes a verifier, a store, a trail or an adapter.
export type { Message, Range } from './core/message.ts';
export type { Refusal } from './core/reason.ts';
export type {
  Awaitable,
  CredentialKey,
  CredentialRecord,
  CredentialStore,
  NewCredential,
  Pin,
  PinStore,
  RotateOutcome,
  Successor,
  TrailCheck,
  TrailFinding,
  TrailQuery,
  TrailReading,
  TrailStore,
} from './core/store.ts';
export type { Answer } from './core/upstream.ts';
export type { ProofOfPossession, Rejection } from './core/verifier.ts';
export type { WireAnswer } from './core/wire.ts';
