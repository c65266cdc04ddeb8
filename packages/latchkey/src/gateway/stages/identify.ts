import type { Principal } from '../../core/principal.ts';
import { refuse, type Reason, type Refusal } from '../../core/reason.ts';
import { Secret } from '../../core/secret.ts';
import type { Credential, ProofOfPossession, Verdict } from '../../core/verifier.ts';
import { networkOf } from '../client-address.ts';
import type { Exchange, Stage, StageResult } from '../exchange.ts';
import { holdBack } from '../hold-back.ts';
import type { GatewayState } from '../state.ts';

const SCHEME = /^(bearer|dpop) +/i;
// A token of an issuer that lists a user's groups has some thousand characters.
const TOKEN = /^[A-Za-z0-9._~+/=:-]{1,8192}$/;
const API_KEY = /^[\x21-\x7e]{1,4096}$/;

/** Finds the one credential, has it verified, and sets the principal: who is asking. */
export function identifyStage(state: GatewayState): Stage {
  const { options } = state;
  return {
    name: 'identify',
    run(exchange) {
      if (options.verifier === null) return accept(exchange, state.everyone);
      const found = findCredential(exchange);
      if (found === null) return welcomeStranger(state, exchange);
      if ('reason' in found) return found.reason === 'credential-malformed' ? failed(state, exchange, found) : found;
      const serverName = exchange.server?.name ?? '';
      const verdict = options.verifier.verify(found, serverName, exchange.startedAt);
      return verdict instanceof Promise
        ? verdict.then((value) => judge(state, exchange, value))
        : judge(state, exchange, verdict);
    },
  };
}

/** RFC 6750 §2.1 and `X-API-Key`; null when nothing was presented. Two of them are one too many. */
export function findCredential(exchange: Exchange): Credential | Refusal | null {
  const { authorization, apiKey } = exchange.headers;
  if (authorization !== null && apiKey !== null) return refuse('credential-ambiguous');
  if (apiKey !== null)
    return API_KEY.test(apiKey)
      ? { scheme: 'api-key', secret: new Secret(apiKey), proof: null }
      : refuse('credential-malformed');
  if (authorization === null) return null;
  const [scheme, token] = splitScheme(authorization);
  if (!TOKEN.test(token)) return refuse('credential-malformed');
  return { scheme, secret: new Secret(token), proof: findProof(exchange) };
}

/** The scheme is spelled in any case and followed by any number of spaces (RFC 9110 §11.4); '' when it is another one. */
function splitScheme(authorization: string): readonly ['bearer' | 'dpop', string] {
  if (authorization.startsWith('Bearer ') && authorization[7] !== ' ') return ['bearer', authorization.slice(7)];
  const found = SCHEME.exec(authorization);
  if (found === null) return ['bearer', ''];
  return [found[1]?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', authorization.slice(found[0].length)];
}

/** RFC 9449 §4.3: the proof and what it must be for. Its URL is the canonical one, whatever the request calls us. */
function findProof({ headers, request, server }: Exchange): ProofOfPossession | null {
  if (headers.dpop === null || server === null) return null;
  // The path is one of ours to the letter, or there would be no server.
  const [path = ''] = (request.url ?? '').split('?', 1);
  return { jwt: headers.dpop, method: request.method ?? '', url: `${new URL(server.resource).origin}${path}` };
}

function welcomeStranger(state: GatewayState, exchange: Exchange): StageResult {
  const { anonymous, tls } = state.options;
  if (exchange.clear && tls !== null) return refuse('clear-text');
  // A stranger's right to the rotate endpoint is never in question: it is about a credential.
  if (anonymous === null || exchange.route?.kind === 'rotate') return refuse('credential-missing', { scopes: [] });
  return accept(exchange, anonymous);
}

function judge(state: GatewayState, exchange: Exchange, verdict: Verdict): StageResult | Promise<StageResult> {
  if (exchange.clear) {
    exchange.exposed = true;
    if (verdict.kind === 'accept') exchange.principal = verdict.principal;
    return refuse('clear-text');
  }
  if (verdict.kind === 'skip') return failed(state, exchange, refuse('credential-unknown'));
  if (verdict.kind === 'reject') {
    // Whoever is asked for a nonce has proved everything else, and is to try again at once.
    if (verdict.reason === 'proof-nonce') return refuse(verdict.reason, toMore(verdict));
    return UNDECIDED.has(verdict.reason)
      ? refuse(verdict.reason, { retryAfterSeconds: 1, ...toMore(verdict) })
      : failed(state, exchange, refuse(verdict.reason, toMore(verdict)));
  }
  exchange.proofNonce = verdict.nonce ?? null;
  return accepted(state, exchange, verdict.principal);
}

/** Nobody failed to prove anything: it could not be asked. */
const UNDECIDED: ReadonlySet<Reason> = new Set(['store-unavailable', 'issuer-unavailable']);

function toMore({ detail, nonce }: Extract<Verdict, { kind: 'reject' }>): Omit<Refusal, 'reason'> {
  return { ...(detail === undefined ? {} : { detail }), ...(nonce === undefined ? {} : { nonce }) };
}

function failed(state: GatewayState, exchange: Exchange, refusal: Refusal): Refusal | Promise<Refusal> {
  const wait = state.failureLimiter.take(networkOf(exchange.address), exchange.startedAt);
  return wait > 0 ? holdBack(exchange, refuse('limit-failures', { retryAfterSeconds: wait / 1000 })) : refusal;
}

// While an address is over its limit of failures a right guess looks like a wrong one; only who came in from there
// before still does, so that one bad neighbour does not lock a whole office out.
function accepted(state: GatewayState, exchange: Exchange, principal: Principal): StageResult | Promise<StageResult> {
  const network = networkOf(exchange.address);
  if (exchange.failuresExceeded > 0 && !state.knownCallers.has(network, principal.id)) {
    return holdBack(exchange, refuse('limit-failures', { retryAfterSeconds: exchange.failuresExceeded / 1000 }));
  }
  state.knownCallers.add(network, principal.id);
  return accept(exchange, principal);
}

function accept(exchange: Exchange, principal: Principal): null {
  exchange.principal = principal;
  return null;
}
