export { latchkey, type ForwardAuthOptions } from './adapters/forward-auth.ts';
export type { HeaderRule } from './lock/forward-guard.ts';
export type { ProxyKind } from './lock/forwarded.ts';
