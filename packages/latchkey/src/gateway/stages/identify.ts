import { NO_SERVER, type Credential } from '../../core/verifier.ts';
import type { Refusal } from '../../core/reason.ts';
import { findCredential, identify } from '../../lock/identify.ts';
import type { Exchange, Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Finds the one credential, has it verified, and sets the principal: who is asking. */
export function identifyStage(state: GatewayState): Stage {
  return {
    name: 'identify',
    run(exchange) {
      const found = findPresented(exchange);
      // The one place where a credential goes on (decisions/030-upstream-tokens.md).
      if (exchange.server?.upstream.wantsSubject === true && found !== null && 'secret' in found)
        exchange.subject = found.secret;
      return identify(state, exchange, found, {
        server: exchange.server?.name ?? NO_SERVER,
        // A stranger's right to the rotate endpoint is never in question: it is about a credential.
        anonymous: exchange.route?.kind === 'rotate' ? null : state.options.anonymous,
      });
    },
  };
}

/** The one credential of a request. */
export function findPresented(exchange: Exchange): Credential | Refusal | null {
  return findCredential(exchange, exchange.headers.dpop === null ? null : urlOf(exchange));
}

/** RFC 9449 §4.3. Whatever the request calls us, the URL is the canonical one. */
function urlOf({ request, server }: Exchange): string | null {
  if (server === null) return null;
  // The path is one of ours to the letter, or there would be no server.
  const [path = ''] = (request.url ?? '').split('?', 1);
  return `${new URL(server.resource).origin}${path}`;
}
