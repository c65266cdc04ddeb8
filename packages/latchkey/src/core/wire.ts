import type { GatewayReason } from './gateway-line.ts';
import type { McpReason } from './mcp-line.ts';
import type { Reason, Refusal } from './reason.ts';
import { findLine, TOO_MANY, type Line, type Lines } from './wire-line.ts';

/** An answer as it goes out. `headers` is [name, value, …]. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export interface WireContext {
  /** Absolute URL of the protected resource metadata (RFC 9728 §5.1); null outside a protected server. */
  readonly resourceMetadata: string | null;
  readonly requestId: string;
  /** Signature algorithms of DPoP proofs that are taken here, parted by spaces (RFC 9449 §7.1); null without issuers. */
  readonly proofAlgorithms: string | null;
  /** Whether the credential came as `Authorization: DPoP`. */
  readonly byProof?: boolean;
  /** Whether the caller speaks a revision before 2026-07-28. */
  readonly legacy: boolean;
  /** Status for a credential that is not valid: 401, or 403 where a deployment was told so. */
  readonly unknownTokenStatus: 401 | 403;
  /** Whether the caller speaks no MCP: then the body is the error alone, and its status never 200. */
  readonly plain?: boolean;
  /** Says what only who speaks MCP is told; null where nobody does, so that a bundler can leave it out. */
  readonly mcp: ToMcpLine | null;
  /** Whether a notification was refused: only the status can say so, since nobody reads an error that has no id. */
  readonly notification?: boolean;
}

/**
 * What is told of a refusal that not everybody gets; `legacy`: the caller speaks a revision before 2026-07-28. Null for one
 * that nobody gets there.
 */
export type ToMcpLine = (reason: McpReason | GatewayReason, refusal: Refusal, legacy: boolean) => Line | null;

/**
 * What a caller is told of a refusal: RFC 6750 §3 challenges, JSON-RPC errors, and no more than needed to mend the
 * request.
 */
export function toWire(given: Refusal, context: WireContext): WireAnswer {
  const refusal = given.shownAs === undefined ? given : { ...given, reason: given.shownAs };
  const line = lineOf(refusal, context);
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store'];
  for (const challenge of challengesOf(refusal, line.status, context)) headers.push('www-authenticate', challenge);
  if (refusal.nonce !== undefined) headers.push('dpop-nonce', refusal.nonce);
  if (refusal.retryAfterSeconds !== undefined)
    headers.push('retry-after', String(Math.max(1, Math.ceil(refusal.retryAfterSeconds))));
  if (refusal.allow !== undefined) headers.push('allow', refusal.allow.join(', '));
  const asStatus = context.plain === true || context.notification === true;
  const status = asStatus && line.status === 200 ? 400 : line.status;
  return { status, headers, body: bodyOf(refusal, line, context) };
}

function bodyOf(refusal: Refusal, line: Line, context: WireContext): string {
  const error = `"error":{"code":${line.code},"message":${JSON.stringify(line.message)},"data":${dataOf(refusal, context)}}`;
  if (context.plain === true) return `{${error}}`;
  const id = refusal.id === undefined ? '' : `"id":${refusal.id},`;
  return `{"jsonrpc":"2.0",${id}${error}}`;
}

function dataOf(refusal: Refusal, context: WireContext): string {
  // What is hidden is answered as by a server that has no such thing, and those have no request ids.
  const members = refusal.reason === 'policy-hidden' ? [] : [`"requestId":${JSON.stringify(context.requestId)}`];
  if (refusal.supported !== undefined) members.push(`"supported":${JSON.stringify(refusal.supported)}`);
  if (refusal.requested !== undefined) members.push(`"requested":${JSON.stringify(refusal.requested)}`);
  return `{${members.join(',')}}`;
}

/**
 * A challenge for each scheme that could help, each on a line of its own. The scheme that was used comes first, and only
 * its challenge has an error (RFC 9449 §7.1, §7.2); who presented nothing is asked for a bearer token first, because old
 * clients read one challenge only.
 */
function challengesOf(refusal: Refusal, status: number, context: WireContext): readonly string[] {
  const { reason } = refusal;
  const named = ERRORS[reason];
  if (named === undefined && status !== 401 && !isInvalidToken(reason)) return [];
  const common: string[] = [];
  // Scopes were checked against RFC 6749 §3.3 when the policy was loaded: no quote, no backslash, no control character.
  const scopes = refusal.scopes?.join(' ');
  if (scopes) common.push(`scope="${scopes}"`);
  if (context.resourceMetadata !== null) common.push(`resource_metadata="${context.resourceMetadata}"`);
  const error = named ?? (reason === 'credential-missing' ? null : 'invalid_token');
  const { proofAlgorithms, byProof } = context;
  const bearer = (said: string | null): string => toChallenge('Bearer', said, common);
  if (proofAlgorithms === null) return [bearer(error)];
  const dpop = (said: string | null): string => toChallenge('DPoP', said, [...common, `algs="${proofAlgorithms}"`]);
  // Whose token works, but for its scopes or its proof, needs no other scheme.
  if (reason.startsWith('proof-')) return [dpop(error)];
  if (reason === 'policy-scope') return [byProof ? dpop(error) : bearer(error)];
  return byProof ? [dpop(error), bearer(null)] : [bearer(error), dpop(null)];
}

function toChallenge(scheme: 'Bearer' | 'DPoP', error: string | null, parameters: readonly string[]): string {
  const all = error === null ? parameters : [`error="${error}"`, ...parameters];
  return all.length === 0 ? scheme : `${scheme} ${all.join(', ')}`;
}

/** RFC 6750 §3.1, RFC 9449 §7.1 and §9. */
const ERRORS: Partial<Record<Reason, string>> = {
  'policy-scope': 'insufficient_scope',
  'credential-ambiguous': 'invalid_request',
  'proof-invalid': 'invalid_dpop_proof',
  'proof-nonce': 'use_dpop_nonce',
};

const INVALID_TOKEN = [
  'credential-malformed',
  'credential-unknown',
  'credential-expired',
  'credential-revoked',
  'credential-audience',
  'credential-claims',
  'credential-client',
  'credential-bound',
] as const satisfies readonly Reason[];

function isInvalidToken(reason: Reason): reason is (typeof INVALID_TOKEN)[number] {
  return (INVALID_TOKEN as readonly Reason[]).includes(reason);
}

const FAILED = [500, 'This request could not be handled.'] as const;
const NOT_WELL_FORMED = [400, 'The HTTP request is not well formed.'] as const;
const NOT_NOW = [503, 'This request cannot be judged at the moment. Try again.'] as const;

const LINES = {
  framing: NOT_WELL_FORMED,
  'header-repeated': NOT_WELL_FORMED,
  'target-form': NOT_WELL_FORMED,
  'headers-too-large': [431, 'The request headers are too large.'],
  'clear-text': [400, 'Use the https URL, and replace a credential that came in clear.'],
  'proxy-unknown': [403, 'Only a proxy of this server may ask that.'],
  'limit-address': [429, TOO_MANY],
  'limit-failures': [429, TOO_MANY],
  'limit-principal': [429, TOO_MANY],
  'credential-missing': [401, 'A credential is needed.'],
  'credential-ambiguous': [400, 'Send exactly one credential.'],
  'proof-invalid': [401, 'The DPoP proof is not valid for this request.'],
  'proof-nonce': [401, 'The DPoP proof must carry the nonce of this answer.'],
  'policy-scope': [403, 'This credential lacks a scope that is needed.'],
  'store-unavailable': NOT_NOW,
  'issuer-unavailable': NOT_NOW,
  'trail-unavailable': NOT_NOW,
  'shutting-down': [503, 'This server is stopping. Try again.'],
  'upstream-invalid': [502, 'The MCP server gave no usable answer.'],
  'upstream-too-large': [502, 'The answer of the MCP server is too large.'],
  'caller-gone': FAILED,
  internal: FAILED,
} as const satisfies Lines;

function lineOf(refusal: Refusal, { unknownTokenStatus, mcp, legacy }: WireContext): Line {
  const { reason } = refusal;
  if (isInvalidToken(reason))
    return { status: unknownTokenStatus, code: unknownTokenStatus, message: 'The credential is not valid here.' };
  // A reason that no table has does not compile.
  const other = reason as Exclude<typeof reason, keyof typeof LINES>;
  return findLine(LINES, reason) ?? mcp?.(other, refusal, legacy) ?? findLine(LINES, 'internal')!;
}
