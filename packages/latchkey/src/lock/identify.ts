import type { Principal } from '../core/principal.ts';
import { refuse, type Reason, type Refusal } from '../core/reason.ts';
import { Secret } from '../core/secret.ts';
import { LONGEST_TOKEN, type Credential, type Verdict } from '../core/verifier.ts';
import type { Asking, StepResult } from './asking.ts';
import { holdBack } from './hold-back.ts';
import type { LockState } from './lock-state.ts';
import { networkOf } from './network.ts';

const SCHEME = /^(bearer|dpop) +/i;
const LONGEST_API_KEY = 4096;
// Without a bound in the expression, which would have each character counted.
const TOKEN = /^[A-Za-z0-9._~+/=:-]+$/;
const API_KEY = /^[\x21-\x7e]+$/;

/**
 * RFC 6750 §2.1 and `X-API-Key`; null when nothing was presented. Two of them are one too many. `url`: the canonical one of
 * what was asked, which a DPoP proof must be for, without a query; null where nothing is protected or nothing proved.
 * `request`: as it is in `Incoming`.
 */
export function findCredential(asking: Asking, url: string | null, request?: object): Credential | Refusal | null {
  const { authorization, apiKey, dpop } = asking.headers;
  const suspect = asking.failuresExceeded > 0;
  if (authorization !== null && apiKey !== null) return refuse('credential-ambiguous');
  if (apiKey !== null)
    return isApiKey(apiKey)
      ? { scheme: 'api-key', secret: new Secret(apiKey), proof: null, suspect }
      : refuse('credential-malformed');
  if (authorization === null) return null;
  const [scheme, token] = splitScheme(authorization);
  if (!isToken(token)) return refuse('credential-malformed');
  const proof = dpop === null || url === null ? null : { jwt: dpop, method: asking.httpMethod, url, request };
  return { scheme, secret: new Secret(token), proof, suspect };
}

/** A token or key that stands alone, as a credential; null for what could be none. */
export function toCredential(text: string): Credential | null {
  if (isToken(text)) return { scheme: 'bearer', secret: new Secret(text), proof: null };
  return isApiKey(text) ? { scheme: 'api-key', secret: new Secret(text), proof: null } : null;
}

function isToken(text: string): boolean {
  return text.length <= LONGEST_TOKEN && TOKEN.test(text);
}

function isApiKey(text: string): boolean {
  return text.length <= LONGEST_API_KEY && API_KEY.test(text);
}

/** The scheme is spelled in any case and followed by any number of spaces (RFC 9110 §11.4); '' when it is another one. */
function splitScheme(authorization: string): readonly ['bearer' | 'dpop', string] {
  if (authorization.startsWith('Bearer ') && authorization[7] !== ' ') return ['bearer', authorization.slice(7)];
  const found = SCHEME.exec(authorization);
  if (found === null) return ['bearer', ''];
  return [found[1]?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', authorization.slice(found[0].length)];
}

/**
 * Has what was found verified at the server of that name, and sets the principal: who is asking. A stranger is let in as
 * the anonymous principal only where `anonymous` is not null.
 */
export function identify(
  state: LockState,
  asking: Asking,
  found: Credential | Refusal | null,
  { server, anonymous }: { readonly server: string; readonly anonymous: Principal | null },
): StepResult {
  const { verifier } = state.lock;
  if (verifier === null) return welcomeStranger(state, asking, state.everyone);
  if (found === null) return welcomeStranger(state, asking, anonymous);
  if ('reason' in found) {
    // Whatever it was, it came where anyone could read it.
    if (asking.clear) return refuse('clear-text');
    return found.reason === 'credential-malformed' ? failed(state, asking, found) : found;
  }
  const verdict = verifier.verify(found, server, asking.startedAt);
  return verdict instanceof Promise
    ? verdict.then((value) => judge(state, asking, value))
    : judge(state, asking, verdict);
}

function welcomeStranger(state: LockState, asking: Asking, anonymous: Principal | null): Refusal | null {
  if (asking.clear && state.lock.encryptedOnly) return refuse('clear-text');
  return anonymous === null ? refuse('credential-missing', { scopes: [] }) : accept(asking, anonymous);
}

function judge(state: LockState, asking: Asking, verdict: Verdict): StepResult {
  if (asking.clear) {
    if (verdict.kind === 'accept') asking.principal = verdict.principal;
    return refuse('clear-text');
  }
  if (verdict.kind === 'skip') return failed(state, asking, refuse('credential-unknown'));
  if (verdict.kind === 'reject') {
    // Whoever is asked for a nonce has proved everything else, and is to try again at once.
    if (verdict.reason === 'proof-nonce') return refuse(verdict.reason, toMore(verdict));
    return isUndecided(verdict.reason)
      ? refuse(verdict.reason, { retryAfterSeconds: 1, ...toMore(verdict) })
      : failed(state, asking, refuse(verdict.reason, toMore(verdict)));
  }
  asking.proofNonce = verdict.nonce ?? null;
  return accepted(state, asking, verdict.principal);
}

/** Whether a verdict tells only that nobody could be asked: nobody failed to prove anything. */
export function isUndecided(reason: Reason): boolean {
  return UNDECIDED.has(reason);
}

const UNDECIDED: ReadonlySet<Reason> = new Set(['store-unavailable', 'issuer-unavailable']);

function toMore({ detail, nonce }: Extract<Verdict, { kind: 'reject' }>): Omit<Refusal, 'reason'> {
  return { ...(detail === undefined ? {} : { detail }), ...(nonce === undefined ? {} : { nonce }) };
}

function failed(state: LockState, asking: Asking, refusal: Refusal): Refusal | Promise<Refusal> {
  if (asking.address === '') return refusal;
  const wait = state.failureLimiter.take(networkOf(asking.address), asking.startedAt);
  return wait > 0 ? holdBack(asking, refuse('limit-failures', { retryAfterSeconds: wait / 1000 })) : refusal;
}

// While an address is over its limit of failures a right guess looks like a wrong one; only who came in from there
// before still does, so that one bad neighbour does not lock a whole office out.
function accepted(state: LockState, asking: Asking, principal: Principal): StepResult {
  const network = networkOf(asking.address);
  const caller = state.callers.of(principal.id, asking.startedAt);
  if (asking.failuresExceeded > 0 && caller.network !== network) {
    return holdBack(asking, refuse('limit-failures', { retryAfterSeconds: asking.failuresExceeded / 1000 }));
  }
  caller.network = network;
  asking.caller = caller;
  return accept(asking, principal);
}

function accept(asking: Asking, principal: Principal): null {
  asking.principal = principal;
  return null;
}
