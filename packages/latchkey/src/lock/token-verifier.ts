import type { Policy } from '../core/policy.ts';
import { EVERY_SCOPE } from '../core/principal.ts';
import { refuse } from '../core/reason.ts';
import { Secret } from '../core/secret.ts';
import { toAuthInfo, type KnownAuthInfo } from './auth-info.ts';
import { isUndecided } from './identify.ts';
import { createUndescribed, record, type Lock } from './lock.ts';
import { createInvalidTokenError, type InvalidTokenErrorClass } from './sdk-error.ts';
import { verifyText } from './verify-text.ts';

/** What `requireBearerAuth` of both lines of the official MCP SDK asks about a token. */
export interface TokenVerifier {
  /**
   * Whose a token is. Rejects with the SDK's own kind of error for one that is not good, which its guard answers by 401,
   * and with another error, answered by 500, where nobody could decide.
   */
  verifyAccessToken(token: string): Promise<KnownAuthInfo & { expiresAt: number }>;
}

/** What the SDK's guard is told besides. */
export interface TokenVerifierOptions {
  /** Scopes that the guard will ask for and no rule names: holders of `*` are said to have them, too. */
  readonly scopes?: readonly string[];
  /** Whether handlers get the token itself in `authInfo.token`. Default: false, they get `[redacted]`. */
  readonly withToken?: boolean;
  /**
   * That class of the SDK's first line, where the guard is of another copy of it than this package finds, as in programs
   * that use `require`.
   */
  readonly InvalidTokenError?: InvalidTokenErrorClass;
}

/** The same, read. */
export type TokenVerifierSettings = Required<Omit<TokenVerifierOptions, 'InvalidTokenError'>> &
  Pick<TokenVerifierOptions, 'InvalidTokenError'>;

/** 9999-12-31T23:59:59Z. The SDK takes no token without an end, and static tokens and some keys have none. */
export const NEVER_SECONDS = 253_402_300_799;

/** Finds the class of the SDK's first line; undefined where that is not installed. */
export type LoadErrorClass = () => Promise<InvalidTokenErrorClass | undefined>;

/**
 * Verifies tokens for the SDK's own guard. What is refused is in the trail, without an address, which the SDK does not
 * tell; so no limit of failed credentials holds.
 */
export function createTokenVerifier(
  lock: Lock,
  { scopes, withToken, InvalidTokenError }: TokenVerifierSettings,
  load: LoadErrorClass,
): TokenVerifier {
  const { parts } = lock;
  return {
    async verifyAccessToken(token) {
      if (parts.trail?.healthy === false) throw new Error('the trail cannot be written');
      const verification = await verifyText(lock, token, 'internal');
      if (verification.ok) {
        const secret = withToken ? { token: new Secret(token) } : {};
        const info = toAuthInfo(verification.principal, { ...secret, resource: parts.resource });
        const held = expandScopes(lock.policy, info.scopes, scopes);
        return { ...info, scopes: held, expiresAt: info.expiresAt ?? NEVER_SECONDS };
      }
      const { reason } = verification;
      const undecided = reason === 'internal' || isUndecided(reason);
      record(parts, { ...createUndescribed(parts, ''), outcome: refuse(reason) }, 'deny', undecided ? 500 : 401);
      if (undecided) throw new Error('the credential cannot be verified at the moment');
      throw createInvalidTokenError('The credential is not valid here.', InvalidTokenError ?? (await load()));
    },
  };
}

/** The SDK compares scopes by their text alone: what a scope implies is spelled out, and for `*` all that are known. */
function expandScopes({ implied, rules }: Policy, held: readonly string[], known: readonly string[]): string[] {
  const all = new Set(held);
  for (const scope of held) for (const each of implied.get(scope) ?? []) all.add(each);
  if (!all.has(EVERY_SCOPE)) return [...all];
  for (const scope of known) all.add(scope);
  for (const reached of implied.values()) for (const scope of reached) all.add(scope);
  for (const list of Object.values(rules)) for (const rule of list) for (const scope of rule.scopes) all.add(scope);
  return [...all];
}
