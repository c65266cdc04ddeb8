import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../core/error.ts';
import type { Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import type { Verdict, Verifier } from '../core/verifier.ts';
import { digestOf } from './mint.ts';
import { findWeakness } from './weakness.ts';

export interface StaticVerifierOptions {
  /** What each of the tokens may do; `['*']` for everything. */
  readonly scopes: readonly string[];
  /** The name people see for them, for example `MCP_AUTH_TOKENS`. */
  readonly label: string;
  /** A lasting secret of the gateway: with it a token's principal stays the same over restarts. Default: a fresh one. */
  readonly idKey?: string;
}

const SKIP: Verdict = { kind: 'skip' };

const HINT = 'Make one with `openssl rand -base64 32`, and leave the variable unset to do without static tokens.';

/**
 * Reads `MCP_AUTH_TOKENS`: comma-separated tokens of any shape, 20 or more visible ASCII characters each. Anything empty,
 * short, repeated, guessable or taken from an example fails with E_CREDENTIAL_WEAK, which names the position only.
 */
export function parseStaticTokens(text: string): Secret[] {
  if (text.trim() === '') throw weak('The list of static tokens is empty.');
  const members = text.split(',').map((member) => member.trim());
  members.forEach((member, index) => {
    const weakness = members.indexOf(member) < index ? 'is the same as an earlier one' : findWeakness(member);
    if (weakness !== null) throw weak(`Static token ${index + 1} of ${members.length} ${weakness}.`);
  });
  return members.map((member) => new Secret(member));
}

/** Accepts exactly the given tokens for every server, without an end; skips everything else. */
export function createStaticVerifier(tokens: readonly Secret[], options: StaticVerifierOptions): Verifier {
  const idKey = options.idKey ?? randomBytes(32).toString('hex');
  const known = new Map(tokens.map((token) => [digestOf(token.reveal()), toKnown(token, options, idKey)]));
  return {
    name: 'static-tokens',
    verify(credential) {
      const presented = digestOf(credential.secret.reveal());
      const found = known.get(presented);
      if (found === undefined || !timingSafeEqual(Buffer.from(presented, 'hex'), found.digest)) return SKIP;
      return { kind: 'accept', principal: found.principal };
    },
  };
}

function toKnown(token: Secret, { scopes, label }: StaticVerifierOptions, idKey: string) {
  // Keyed, because the id is written to the trail, where a bare digest would let anyone test guesses.
  const id = createHmac('sha256', idKey).update(token.reveal()).digest('hex').slice(0, 16);
  const principal: Principal = Object.freeze({
    id: `static:${id}`,
    kind: 'static',
    name: label,
    client: null,
    scopes: new Set(scopes),
    servers: null,
    expiresAt: null,
    credentialId: null,
    issuer: null,
    subject: null,
    keyThumbprint: null,
  });
  return { digest: Buffer.from(digestOf(token.reveal()), 'hex'), principal };
}

function weak(message: string): LatchkeyError {
  return new LatchkeyError('E_CREDENTIAL_WEAK', message, { hint: HINT });
}
