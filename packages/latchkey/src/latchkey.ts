export { createLatchkey, type NodeOptions } from './compose-library.ts';
export { jwt, staticTokens, type JwtOptions, type StaticTokensOptions } from './compose-verifiers.ts';
export { openStore } from './compose-store.ts';
export { LatchkeyError, type ErrorCode } from './core/error.ts';
export type { Principal } from './core/principal.ts';
export { Secret } from './core/secret.ts';
export type { Store } from './core/store.ts';
export type { Trail, TrailEntry } from './core/trail.ts';
export type { Credential, Verdict, Verifier } from './core/verifier.ts';
export { toAuthInfo, type AuthInfo } from './lock/auth-info.ts';
export type { Latchkey } from './lock/latchkey.ts';
export type {
  LatchkeyOptions,
  LimitOptions,
  LockVerifier,
  MethodRuleOptions,
  PolicyOptions,
  RuleOptions,
  TrailOption,
  VerifierAround,
  VerifierOption,
  When,
} from './lock/options.ts';
export type { Admission, Guard, Passage, Refused } from './lock/passage.ts';
