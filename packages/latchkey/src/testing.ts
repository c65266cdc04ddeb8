export { createMemoryStore, type MemoryStoreOptions } from './store/memory/open.ts';
export { testStore, type StoreContract } from './testing/test-store.ts';
export {
  startTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
  type IssuerExchange,
} from './testing/test-issuer.ts';
export type { Answer, IssuerRequest } from './testing/issuer-http.ts';
export { createIssuerKey, type IssuerKey, type Signing } from './testing/issuer-keys.ts';
export { createJwtTokens, type JwtTokens } from './testing/jwt-tokens.ts';
export { createOpaqueTokens, type OpaqueTokens } from './testing/opaque-tokens.ts';
export {
  createStoredTokens,
  type MakeStoredToken,
  type StoredToken,
  type StoredTokens,
  type StoredTokensOptions,
} from './testing/stored-tokens.ts';
export type { IssuerTokensOptions, MakeToken } from './testing/wrong-claims.ts';
export {
  startSpyUpstream,
  type SpiedRequest,
  type SpyUpstream,
  type SpyUpstreamOptions,
} from './testing/spy-upstream.ts';
export type { SpyCall, SpyTool } from './testing/mcp-answers.ts';
export { createToolCall, type ToolCall } from './testing/tool-call.ts';
