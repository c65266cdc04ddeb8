export { latchkey, type ForwardAuthDoor, type ForwardAuthOptions } from './adapters/forward-auth.ts';
export type { SignedIdentity } from './adapters/forward-answer.ts';
export type { HeaderRule } from './lock/forward-guard.ts';
export type { ProxyKind } from './lock/forwarded.ts';
