import type { Refusal } from '../core/reason.ts';
import { toWire, type ToMcpLine, type WireAnswer } from '../core/wire.ts';
import type { Asking } from './asking.ts';
import type { LockOptions } from './lock-state.ts';

/** Where the caller asked, as far as the answer hangs on it. */
export interface AskedPlace {
  /** Absolute URL of the protected resource metadata (RFC 9728 §5.1); null outside of a protected resource. */
  readonly resourceMetadata: string | null;
  /** Whether callers of this place speak no MCP. */
  readonly plain: boolean;
  /** `toMcpLine` where some of them do, else null. */
  readonly mcp: ToMcpLine | null;
  /** Whether DPoP proofs are taken at this place. */
  readonly proofs: boolean;
}

/** What the caller of a request is told of a refusal. */
export function toRefusalWire(
  { unknownTokenStatus, proofAlgorithms }: Pick<LockOptions, 'unknownTokenStatus' | 'proofAlgorithms'>,
  asking: Asking,
  refusal: Refusal,
  place: AskedPlace,
): WireAnswer {
  return toWire(withId(refusal, asking), {
    resourceMetadata: place.resourceMetadata,
    proofAlgorithms: place.proofs ? proofAlgorithms : null,
    byProof: proofAlgorithms !== null && /^dpop /i.test(asking.headers.authorization ?? ''),
    requestId: asking.requestId,
    legacy: asking.message !== null && asking.era === 'legacy',
    unknownTokenStatus,
    plain: place.plain,
    mcp: place.mcp,
    notification: asking.message?.kind === 'notification',
  });
}

// A client matches an error to its request by the id, also when the status is not 200.
function withId(refusal: Refusal, { message }: Asking): Refusal {
  if (refusal.id !== undefined || message === null || message.id === null || message.kind === 'response')
    return refusal;
  return { ...refusal, id: message.id };
}
