import { corsHeaders } from './cors.ts';
import type { Exchange } from './exchange.ts';

/** What an answer has for its caller besides its own headers: those of CORS, and the nonce of its next DPoP proof. */
export function callerHeaders(exchange: Exchange): readonly string[] {
  const { proofNonce } = exchange;
  const headers = corsHeaders(exchange);
  return proofNonce === null ? headers : [...headers, 'dpop-nonce', proofNonce];
}
